import { type Compatibility, driverError } from '@hearth/model'
import { hardwareProfile } from './hardware-profile.ts'
import type { HostFacts } from './host-facts.ts'

/** What a snapshot made here needs. */
export function compatibilityOf(facts: HostFacts, guestKernel: string): Omit<Compatibility, 'guestProtocol'> {
  return {
    hardwareProfile,
    vmm: 'qemu',
    vmmVersion: facts.vmmVersion,
    machineType: facts.machineType,
    cpuModel: facts.cpuModel,
    cpuFeatures: facts.cpuFeatures,
    accelerator: facts.accelerator,
    guestKernel,
  }
}

/**
 * Refuses what QEMU itself would load silently: under other processor features a guest goes on with what it found at boot.
 * A newer QEMU that still lists the machine type is accepted (its extra features are switched off, see `cpuArgument`).
 *
 * @throws `driver_incompatible` naming what differs
 */
export function requireCompatible(needed: Compatibility, facts: HostFacts): void {
  const refuse = (what: string, there: string, here: string): never => {
    throw driverError('Incompatible', `the snapshot was made with ${what} ${there}; this host has ${here}`, {
      hint: 'Launch cold, or restore it on a host like the one that made it.',
    })
  }
  if (needed.vmm !== 'qemu') refuse('VMM', needed.vmm, 'qemu')
  if (needed.hardwareProfile !== hardwareProfile) refuse('hardware profile', needed.hardwareProfile, hardwareProfile)
  if (needed.accelerator !== facts.accelerator) refuse('acceleration', needed.accelerator, facts.accelerator)
  if (compareVersions(facts.vmmVersion, needed.vmmVersion) < 0) refuse('QEMU', needed.vmmVersion, facts.vmmVersion)
  if (!facts.machineTypes.includes(needed.machineType))
    refuse('machine type', needed.machineType, `QEMU ${facts.vmmVersion} without it`)
  if (needed.cpuModel !== facts.cpuModel) refuse('processor model', needed.cpuModel, facts.cpuModel)
  const here = new Set(facts.cpuFeatures)
  const missing = needed.cpuFeatures.filter((feature) => !here.has(feature))
  if (missing.length > 0) refuse('processor features', missing.join(', '), 'none of these')
}

/** The `-cpu` value that gives a guest exactly `features`: what this host has beyond them is switched off. */
export function cpuArgument(facts: HostFacts, features: readonly string[]): string {
  const wanted = new Set(features)
  const extra = facts.cpuFeatures.filter((feature) => !wanted.has(feature))
  const always = facts.accelerator === 'tcg' ? ['erms=off'] : []
  return [facts.cpuModel, ...always, ...extra.map((feature) => `${feature}=off`)].join(',')
}

function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map((version) => version.split('.').map(Number))
  for (let index = 0; index < 3; index++) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
