import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import { driverError } from '@hearth/model'
import type { Accelerator } from './acceleration.ts'
import { QmpClient } from './qmp/qmp-client.ts'

/** What this QEMU on this host can do; asked once and remembered until QEMU changes or the host boots again. */
export interface HostFacts {
  /** Changes with the QEMU binary, the host's boot and the asked-for acceleration. */
  readonly key: string
  readonly vmmVersion: string
  readonly accelerator: Accelerator
  readonly acceleratorNote: string
  /** Every machine type this QEMU lists. */
  readonly machineTypes: readonly string[]
  /** What the moving alias `pc` stands for here. */
  readonly machineType: string
  readonly cpuModel: string
  /** Features the processor model has here, sorted. */
  readonly cpuFeatures: readonly string[]
}

/** `-cpu` models by accelerator. Without ERMS the guest does not copy by `rep movsb`, which emulation makes slow. */
const cpuModels = { tcg: { name: 'max', props: { erms: false } }, kvm: { name: 'host', props: {} } } as const

/** Asks QEMU about itself. @throws `driver_unavailable` */
export async function askQemu(binary: string, accelerator: Accelerator): Promise<Omit<HostFacts, 'key' | 'acceleratorNote'>> {
  const child = spawn(
    binary,
    [
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-M', 'none', '-accel', accelerator],
      ...['-chardev', 'socket,id=qmp,fd=3', '-mon', 'chardev=qmp,mode=control'],
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  )
  const gone = once(child, 'close')
  try {
    const qmp = await QmpClient.over(child.stdio[3] as Duplex)
    const version = await qmp.execute('query-version', {})
    const machines = await qmp.execute('query-machines', {})
    const model = cpuModels[accelerator]
    const expansion = await qmp.execute('query-cpu-model-expansion', { type: 'full', model })
    const machineType = machines.find((machine) => machine.alias === 'pc')?.name
    if (!machineType) throw driverError('Unavailable', `${binary} does not know the machine type "pc"`)
    return {
      vmmVersion: `${version.qemu.major}.${version.qemu.minor}.${version.qemu.micro}`,
      accelerator,
      machineTypes: machines.map((machine) => machine.name).sort(),
      machineType,
      cpuModel: model.name,
      cpuFeatures: Object.entries(expansion.model.props ?? {})
        .filter(([, value]) => value === true)
        .map(([name]) => name)
        .sort(),
    }
  } finally {
    child.kill('SIGKILL')
    await gone
  }
}

/** What must be the same for remembered facts to hold. */
export async function hostFactsKey(binary: string, acceleration: string): Promise<string> {
  const [{ ino, size, mtimeMs }, bootId] = await Promise.all([stat(binary), readFile('/proc/sys/kernel/random/boot_id', 'utf8')])
  return [binary, ino, size, mtimeMs, bootId.trim(), acceleration].join(' ')
}

/** The facts remembered in `path`, if they are still true. */
export async function recallHostFacts(path: string, key: string): Promise<HostFacts | undefined> {
  try {
    const facts = JSON.parse(await readFile(path, 'utf8')) as HostFacts
    return facts.key === key ? facts : undefined
  } catch {
    return undefined // never asked, or a half-written file of an older version: ask again
  }
}

/** Keeps facts for the next process. */
export async function rememberHostFacts(path: string, facts: HostFacts): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(facts, null, 2)}\n`)
  await rename(`${path}.new`, path)
}
