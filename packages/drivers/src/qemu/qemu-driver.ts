import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import {
  type BuiltImage,
  type Cancellable,
  type ConsolePart,
  type DriverCapabilities,
  type DriverMachine,
  type DriverProbe,
  type DriverSnapshot,
  type DriverSnapshotPlan,
  driverError,
  type ImageSource,
  type MachineDriver,
  type MachineExit,
  type MachineId,
  type MachineSpec,
  type MachineStats,
  messageOf,
  type Progress,
  type Resources,
  type SnapshotId,
  type SnapshotManifest,
  type TemplateRef,
} from '@hearth/model'
import { adoptMachines, listMachines } from './adopt.ts'
import { copyStored } from './copy-snapshot.ts'
import { endVmm } from './end-vmm.ts'
import { networkCard } from './hardware-profile.ts'
import { recordStamps, requireDigests } from './integrity.ts'
import { machineFiles, snapshotFiles } from './layout.ts'
import { snapshotsIn, templatesIn } from './names-in.ts'
import type { QemuParts } from './parts.ts'
import { probeQemu } from './probe.ts'
import { bootMachine, restoreMachine } from './restore.ts'
import { publishStaged, takeSnapshot } from './snapshot.ts'
import { vmmStats } from './stats.ts'
import { bytesFrom, tailBytes } from './tail.ts'
import { buildTemplate, publishTemplate, removeTemplate } from './templates.ts'

const consoleLimitBytes = 16 * 1024 ** 2
const consoleKeepBytes = 1024 ** 2
const trimIntervalMs = 30_000

/** MicroVM-like machines on QEMU: copy-on-write memory, device state apart, disks rotated in constant time. */
export class QemuDriver implements MachineDriver {
  readonly name = 'qemu'
  readonly capabilities: DriverCapabilities = {
    memorySnapshots: true,
    liveSnapshot: true,
    diskSnapshot: false,
    fork: true,
    pause: true,
    clockStep: true,
    egress: ['none', 'open'],
  }
  readonly #parts: QemuParts
  readonly #trimmer: NodeJS.Timeout

  constructor(parts: QemuParts) {
    this.#parts = parts
    this.#trimmer = setInterval(() => void this.#trimConsoles(), trimIntervalMs).unref()
  }

  probe(): Promise<DriverProbe> {
    return probeQemu(this.#parts)
  }

  sourceDigest(source: ImageSource, options?: Cancellable): Promise<string> {
    return this.#parts.images.sourceDigest(source, options)
  }

  build(
    ref: TemplateRef,
    source: ImageSource,
    resources: Resources,
    options: Cancellable & { progress: Progress },
  ): Promise<BuiltImage> {
    return buildTemplate(this.#parts, ref, source, resources, options)
  }

  publishTemplate(ref: TemplateRef, manifest: object): Promise<void> {
    return publishTemplate(this.#parts, ref, manifest)
  }

  removeTemplate(ref: TemplateRef): Promise<void> {
    return removeTemplate(this.#parts, ref)
  }

  listTemplates(): Promise<TemplateRef[]> {
    return templatesIn(this.#parts.layout)
  }

  async boot(spec: MachineSpec, options?: Cancellable): Promise<void> {
    requireEgress(spec)
    // A failed start leaves nothing, so it may be done again.
    await this.#parts.launcher.persist(() => bootMachine(this.#parts, spec, options), options?.signal)
  }

  async restore(snapshot: SnapshotManifest, spec: MachineSpec, options?: Cancellable): Promise<void> {
    requireEgress(spec)
    await this.#parts.launcher.persist(() => restoreMachine(this.#parts, snapshot, spec, options), options?.signal)
  }

  snapshot(id: MachineId, plan: DriverSnapshotPlan, options?: Cancellable): Promise<DriverSnapshot> {
    return takeSnapshot(this.#parts, id, plan, options)
  }

  async publishSnapshot(manifest: SnapshotManifest): Promise<void> {
    const staging = this.#parts.layout.staging(manifest.id)
    try {
      const file = join(staging, snapshotFiles.manifest)
      await writeFile(file, `${JSON.stringify(manifest, null, 2)}\n`)
      await recordStamps(staging, manifest.artifacts)
      const launcher = await this.#parts.launcher.client()
      await launcher.fsync([file, staging])
      await publishStaged(this.#parts, manifest.id)
    } catch (error) {
      throw driverError('Unavailable', `snapshot ${manifest.id} could not be published: ${messageOf(error)}`, { cause: error })
    }
  }

  copySnapshot(from: SnapshotManifest, id: SnapshotId, options?: Cancellable): Promise<void> {
    return copyStored(this.#parts, from, id, options)
  }

  async verifySnapshot(manifest: SnapshotManifest, { signal }: Cancellable = {}): Promise<void> {
    await requireDigests(this.#parts.layout.snapshot(manifest.id), manifest.artifacts, this.#parts.hash, signal)
  }

  async removeSnapshot(id: SnapshotId): Promise<void> {
    await rm(this.#parts.layout.staging(id), { recursive: true, force: true })
    await rm(this.#parts.layout.snapshot(id), { recursive: true, force: true })
    await this.#parts.memory.drop(id)
  }

  listSnapshots(): Promise<SnapshotId[]> {
    return snapshotsIn(this.#parts.layout)
  }

  async pause(id: MachineId): Promise<void> {
    const vmm = this.#parts.vmms.require(id)
    await (await vmm.qmp()).execute('stop', {})
    vmm.state = 'paused'
  }

  async resume(id: MachineId): Promise<void> {
    const vmm = this.#parts.vmms.require(id)
    await (await vmm.qmp()).execute('cont', {})
    vmm.state = 'running'
  }

  async setLink(id: MachineId, up: boolean): Promise<void> {
    const qmp = await this.#parts.vmms.require(id).qmp()
    await qmp.execute('set_link', { name: networkCard, up })
  }

  destroy(id: MachineId): Promise<void> {
    return endVmm(this.#parts, id)
  }

  async connect(id: MachineId): Promise<Duplex> {
    return this.#parts.vmms.require(id).connectAgent()
  }

  list(): Promise<DriverMachine[]> {
    return listMachines(this.#parts)
  }

  async stats(id: MachineId): Promise<MachineStats> {
    return vmmStats(this.#parts.vmms.require(id))
  }

  consoleLog(id: MachineId, maxBytes: number): Promise<Uint8Array> {
    return tailBytes(join(this.#parts.layout.machine(id), machineFiles.console), maxBytes)
  }

  consoleFrom(id: MachineId, start: number, maxBytes: number): Promise<ConsolePart> {
    return bytesFrom(join(this.#parts.layout.machine(id), machineFiles.console), start, maxBytes)
  }

  async seesMac(id: MachineId, mac: string): Promise<boolean> {
    const qmp = await this.#parts.vmms.require(id).qmp()
    const filters = await qmp.execute('query-rx-filter', {})
    return filters.some((filter) => filter['main-mac'] === mac)
  }

  onExit(listener: (exit: MachineExit) => void): () => void {
    return this.#parts.vmms.onExit(listener)
  }

  adopt(): Promise<DriverMachine[]> {
    return adoptMachines(this.#parts)
  }

  async close(): Promise<void> {
    clearInterval(this.#trimmer)
    await this.#parts.vmms.close()
    await this.#parts.launcher.close()
  }

  /** A guest may write to its console for ever; the host's disk is not for that. */
  async #trimConsoles(): Promise<void> {
    const { vmms, layout, launcher, log } = this.#parts
    for (const { record } of vmms.all()) {
      const path = join(layout.machine(record.id), machineFiles.console)
      try {
        const client = await launcher.client()
        await client.trimLog({ path, maxBytes: consoleLimitBytes, keepBytes: consoleKeepBytes })
      } catch (error) {
        log.debug('console.trim.failed', { machine: record.id, error: messageOf(error) })
      }
    }
  }
}

function requireEgress(spec: MachineSpec): void {
  if (spec.egress !== 'allow-list') return
  throw driverError('Misconfigured', 'egress "allow-list" is not available yet; allowed: "none", "open"')
}
