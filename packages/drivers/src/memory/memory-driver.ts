import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'
import {
  type BuiltImage,
  type Cancellable,
  type Clock,
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
  type Progress,
  type Resources,
  type SnapshotId,
  type SnapshotManifest,
  systemClock,
  type TemplateRef,
} from '@hearth/model'
import { type GuestDoubleOptions, InMemoryGuestDouble } from '@hearth/protocol'
import { aborted } from './faults.ts'
import { describeImage } from './images.ts'
import type { HostFolder, MemoryHost } from './memory-host.ts'
import { MemoryMachine } from './memory-machine.ts'
import { checkFiles, reviveGuest, writeSnapshot } from './snapshot-files.ts'

export interface MemoryDriverOptions {
  readonly host: MemoryHost
  /** Time on the host and in its guests; the computer's own when absent. */
  readonly clock?: Clock
  /** Makes the guest of a machine that boots; clones copy theirs. An honest one when absent. */
  readonly newGuest?: (options: GuestDoubleOptions) => InMemoryGuestDouble
}

/** Machines in this process's memory: everything the port promises, in microseconds, with faults on demand. For tests. */
export class MemoryDriver implements MachineDriver {
  readonly name: string = 'memory'
  readonly capabilities: DriverCapabilities = {
    memorySnapshots: true,
    liveSnapshot: true,
    diskSnapshot: false,
    fork: true,
    pause: true,
    clockStep: true,
    egress: ['none', 'open'],
  }
  protected readonly host: MemoryHost
  protected readonly clock: Clock
  readonly #newGuest: (options: GuestDoubleOptions) => InMemoryGuestDouble
  readonly #stopListening = new Set<() => void>()

  constructor(options: MemoryDriverOptions) {
    this.host = options.host
    this.clock = options.clock ?? systemClock
    this.#newGuest = options.newGuest ?? ((guest) => new InMemoryGuestDouble(guest))
  }

  async probe(): Promise<DriverProbe> {
    return { usable: true, accelerator: 'memory', version: this.host.vmmVersion, problems: [], notes: [] }
  }

  async sourceDigest(source: ImageSource): Promise<string> {
    return createHash('sha256').update(describeImage(this.host, source)).digest('hex')
  }

  async build(
    ref: TemplateRef,
    source: ImageSource,
    _resources: Resources,
    options: Cancellable & { progress: Progress },
  ): Promise<BuiltImage> {
    options.progress('building', 0)
    const bytes = Buffer.from(describeImage(this.host, source))
    this.host.templates.set(ref, { published: false, files: new Map([['rootfs', { name: 'rootfs', bytes }]]) })
    try {
      await this.host.faults.pass('build', options.signal)
      await turn(options.signal)
    } catch (error) {
      this.host.templates.delete(ref)
      throw error
    }
    options.progress('building', 1)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { artifacts: [{ name: 'rootfs', sizeBytes: bytes.length, sha256 }], guestKernel: 'memory-1' }
  }

  async publishTemplate(ref: TemplateRef): Promise<void> {
    await this.host.faults.pass('publish_template')
    const folder = this.host.templates.get(ref)
    if (!folder) throw driverError('NotFound', `template ${ref} was not built`)
    folder.published = true
  }

  async removeTemplate(ref: TemplateRef): Promise<void> {
    this.host.templates.delete(ref)
  }

  async listTemplates(): Promise<TemplateRef[]> {
    return publishedOf(this.host.templates)
  }

  async boot(spec: MachineSpec, options: Cancellable = {}): Promise<void> {
    if (!this.host.templates.get(spec.template)?.published) throw driverError('NotFound', `there is no image ${spec.template}`)
    await this.bringUp(
      'boot',
      spec,
      options.signal,
      () => new MemoryMachine(spec, this.#newGuest(this.guestOptions(spec.id)), this.clock),
    )
  }

  async restore(snapshot: SnapshotManifest, spec: MachineSpec, options: Cancellable = {}): Promise<void> {
    const folder = this.host.snapshots.get(snapshot.id)
    if (!folder?.published) throw driverError('NotFound', `there is no snapshot ${snapshot.id}`)
    if (snapshot.compatibility.vmmVersion !== this.host.vmmVersion || snapshot.compatibility.hardwareProfile !== 'memory-1') {
      throw driverError('Incompatible', `snapshot ${snapshot.id} was made by another version`)
    }
    checkFiles(snapshot, folder)
    await this.bringUp('restore', spec, options.signal, () => this.revive(folder, snapshot.id, spec))
  }

  async snapshot(id: MachineId, plan: DriverSnapshotPlan, options: Cancellable = {}): Promise<DriverSnapshot> {
    const machine = this.living(id)
    await this.host.faults.pass('snapshot', options.signal)
    const startedAt = performance.now()
    let made: Pick<DriverSnapshot, 'artifacts' | 'quiesce' | 'layers'>
    try {
      const quiesce = await plan.quiesce()
      machine.pause()
      made = { ...(await this.write(machine, plan.snapshotId, options.signal)), quiesce }
    } catch (error) {
      this.host.snapshots.delete(plan.snapshotId)
      await this.goOn(machine, plan)
      throw error
    }
    if (plan.mode === 'template') machine.stop()
    else await this.goOn(machine, plan)
    return { ...made, quality: 'memory+disk', compatibility: this.#compatibility(), pauseMs: performance.now() - startedAt }
  }

  async publishSnapshot(manifest: SnapshotManifest): Promise<void> {
    await this.host.faults.pass('publish_snapshot')
    const folder = this.host.snapshots.get(manifest.id)
    if (!folder) throw driverError('NotFound', `snapshot ${manifest.id} was not written`)
    folder.published = true
  }

  async copySnapshot(from: SnapshotManifest, id: SnapshotId, options: Cancellable = {}): Promise<void> {
    const folder = this.host.snapshots.get(from.id)
    if (!folder?.published) throw driverError('NotFound', `there is no snapshot ${from.id}`)
    checkFiles(from, folder)
    const files = new Map([...folder.files].map(([name, file]) => [name, { name, bytes: Buffer.from(file.bytes) }]))
    this.host.snapshots.set(id, { ...folder, published: false, files })
    try {
      await this.host.faults.pass('copy', options.signal)
      await turn(options.signal)
    } catch (error) {
      this.host.snapshots.delete(id)
      throw error
    }
  }

  async verifySnapshot(manifest: SnapshotManifest, options: Cancellable = {}): Promise<void> {
    await this.host.faults.pass('verify', options.signal)
    const folder = this.host.snapshots.get(manifest.id)
    if (!folder) throw driverError('NotFound', `there is no snapshot ${manifest.id}`)
    checkFiles(manifest, folder)
  }

  async removeSnapshot(id: SnapshotId): Promise<void> {
    this.host.snapshots.delete(id)
  }

  async listSnapshots(): Promise<SnapshotId[]> {
    return publishedOf(this.host.snapshots)
  }

  async pause(id: MachineId): Promise<void> {
    await this.host.faults.pass('pause')
    this.living(id).pause()
  }

  async resume(id: MachineId): Promise<void> {
    await this.host.faults.pass('resume')
    this.living(id).resume()
  }

  async setLink(id: MachineId, up: boolean): Promise<void> {
    await this.host.faults.pass('set_link')
    this.living(id).hasLink = up
  }

  async destroy(id: MachineId): Promise<void> {
    await this.host.faults.pass('destroy')
    this.host.machines.get(id)?.stop()
    await turn()
    this.host.machines.delete(id)
  }

  async connect(id: MachineId, options: Cancellable = {}): Promise<Duplex> {
    await this.host.faults.pass('connect', options.signal)
    return this.living(id).connect()
  }

  async list(): Promise<DriverMachine[]> {
    return [...this.host.machines.values()].map((machine) => machine.describe())
  }

  async stats(id: MachineId): Promise<MachineStats> {
    const bytes = this.living(id).spec.resources.memoryMiB * 1024 * 1024
    return { anonymousBytes: bytes >> 4, residentBytes: bytes >> 3, cpuMs: 1 }
  }

  async consoleLog(id: MachineId, maxBytes: number): Promise<Uint8Array> {
    const machine = this.host.machines.get(id)
    if (!machine) throw driverError('NotFound', `there is no machine ${id}`)
    return Buffer.from(machine.console()).subarray(-maxBytes)
  }

  async consoleFrom(id: MachineId, start: number, maxBytes: number): Promise<ConsolePart> {
    const machine = this.host.machines.get(id)
    if (!machine) throw driverError('NotFound', `there is no machine ${id}`)
    const log = Buffer.from(machine.console())
    const from = start > log.length ? 0 : start
    return { start: from, bytes: log.subarray(from, from + maxBytes) }
  }

  async seesMac(): Promise<boolean | undefined> {
    return undefined
  }

  onExit(listener: (exit: MachineExit) => void): () => void {
    const stop = this.host.onExit(listener)
    this.#stopListening.add(stop)
    return () => {
      stop()
      this.#stopListening.delete(stop)
    }
  }

  async adopt(): Promise<DriverMachine[]> {
    await this.host.faults.pass('adopt')
    sweepUnpublished(this.host.snapshots)
    sweepUnpublished(this.host.templates)
    return this.list()
  }

  async close(): Promise<void> {
    for (const stop of this.#stopListening) stop()
    this.host.disconnect()
  }

  /** Registers the machine at once, as a process is visible before it is usable; takes it back when that does not come. */
  protected async bringUp(
    point: 'boot' | 'restore',
    spec: MachineSpec,
    signal: AbortSignal | undefined,
    make: () => MemoryMachine,
  ): Promise<void> {
    if (this.host.machines.has(spec.id)) throw driverError('Busy', `machine ${spec.id} exists already`)
    if (!this.capabilities.egress.includes(spec.egress)) throw driverError('Misconfigured', `there is no egress ${spec.egress}`)
    if (signal?.aborted) throw aborted(signal)
    const machine = make()
    this.host.machines.set(spec.id, machine)
    try {
      await this.host.faults.pass(point, signal)
      await turn(signal)
    } catch (error) {
      machine.stop()
      this.host.machines.delete(spec.id)
      throw error
    }
    if (machine.state === 'ended') throw driverError('Unavailable', `machine ${spec.id} ended while it came up`)
  }

  /** @throws HearthError `driver_not_found` */
  protected living(id: MachineId): MemoryMachine {
    const machine = this.host.machines.get(id)
    if (machine && machine.state !== 'ended') return machine
    throw driverError('NotFound', `there is no machine ${id}`)
  }

  /** Writes the frozen moment into an unpublished folder. */
  protected async write(
    machine: MemoryMachine,
    id: SnapshotId,
    signal: AbortSignal | undefined,
  ): Promise<Pick<DriverSnapshot, 'artifacts' | 'layers'>> {
    const written = writeSnapshot(this.host, id, machine.guest, this.clock.now())
    await this.host.faults.pass('write', signal)
    await turn(signal)
    return written
  }

  protected async goOn(machine: MemoryMachine, plan: DriverSnapshotPlan): Promise<void> {
    machine.resume()
    if (plan.mode === 'live') await plan.unquiesce()
  }

  protected revive(folder: HostFolder, id: SnapshotId, spec: MachineSpec): MemoryMachine {
    return new MemoryMachine(spec, reviveGuest(folder, this.clock, this.guestOptions(spec.id)), this.clock, id)
  }

  protected guestOptions(id: MachineId): GuestDoubleOptions {
    // Later, so that the guest's answer is out before its machine is gone.
    const onShutdown = (mode: string) => void setImmediate(() => this.host.ended(id, 'shutdown', `the guest asked for ${mode}`))
    return { clock: this.clock, seed: id, onShutdown }
  }

  #compatibility(): DriverSnapshot['compatibility'] {
    return {
      hardwareProfile: 'memory-1',
      vmm: 'memory',
      vmmVersion: this.host.vmmVersion,
      machineType: 'memory',
      cpuModel: 'memory',
      cpuFeatures: [],
      accelerator: 'memory',
      guestKernel: 'memory-1',
    }
  }
}

function publishedOf<Id>(folders: ReadonlyMap<Id, HostFolder>): Id[] {
  return [...folders].filter(([, folder]) => folder.published).map(([id]) => id)
}

function sweepUnpublished<Id>(folders: Map<Id, HostFolder>): void {
  for (const [id, { published }] of folders) if (!published) folders.delete(id)
}

/** Gives others a turn, as work on a real host does. */
async function turn(signal?: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  if (signal?.aborted) throw aborted(signal)
}
