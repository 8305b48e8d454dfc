import type { Duplex } from 'node:stream'
import type { NetworkIdentity } from '../machine.ts'
import type { MachineId, SnapshotId, TemplateRef } from '../names.ts'
import type { Artifact, Compatibility, QuiesceResult, SnapshotLayers, SnapshotManifest, SnapshotQuality } from '../snapshot.ts'
import type { Egress, ImageSource, Resources } from '../template.ts'

/** What a driver can do; the engine plans from it and never finds out by failing. */
export interface DriverCapabilities {
  readonly memorySnapshots: boolean
  /** Can snapshot a machine that goes on afterwards. */
  readonly liveSnapshot: boolean
  readonly diskSnapshot: boolean
  readonly fork: boolean
  readonly pause: boolean
  /** The guest's clock can be stepped. */
  readonly clockStep: boolean
  readonly egress: readonly Egress[]
}

/** Whether this driver works here, with what, and if not what to do. */
export interface DriverProbe {
  readonly usable: boolean
  /** `kvm`, `tcg`, or the driver's own word. */
  readonly accelerator: string
  readonly version: string
  readonly problems: readonly { readonly problem: string; readonly fix: string }[]
  /** Things a person wants to know that stop nothing, such as why KVM was not taken. */
  readonly notes: readonly string[]
}

export interface Cancellable {
  readonly signal?: AbortSignal
}

/** Told what is being done, in words for people, with a share from 0 to 1 where it is known. */
export type Progress = (step: string, share?: number) => void

export interface MachineSpec {
  readonly id: MachineId
  readonly template: TemplateRef
  readonly resources: Resources
  readonly network: NetworkIdentity
  readonly egress: Egress
  /** Will be frozen in mode `template` and live no longer: its memory may lie in what becomes the base. */
  readonly forTemplate?: boolean
}

/** What a build made, before it is published. */
export interface BuiltImage {
  readonly artifacts: readonly Artifact[]
  readonly guestKernel: string
}

export interface DriverSnapshotPlan {
  readonly snapshotId: SnapshotId
  /** `template` ends the source machine (its memory becomes the base); `live` lets it go on. */
  readonly mode: 'template' | 'live'
  /** Called right before the machine is paused; the session to the guest is closed when it resolves. */
  quiesce(): Promise<QuiesceResult>
  /** Called once the machine runs again (never in mode `template`), also after a failure. */
  unquiesce(): Promise<void>
}

/** What a snapshot wrote, before it is published. */
export interface DriverSnapshot {
  readonly artifacts: readonly Artifact[]
  readonly quality: SnapshotQuality
  readonly quiesce: QuiesceResult
  readonly compatibility: Omit<Compatibility, 'guestProtocol'>
  readonly layers: SnapshotLayers
  readonly pauseMs: number
}

export type DriverMachineState = 'running' | 'paused' | 'ended'

/** Something of ours that exists on this host. */
export interface DriverMachine {
  readonly id: MachineId
  readonly state: DriverMachineState
  readonly restoredFrom?: SnapshotId
}

/** A part of a console log; the next one begins at `start + bytes.length`. */
export interface ConsolePart {
  readonly start: number
  readonly bytes: Uint8Array
}

export interface MachineStats {
  readonly pid?: number
  /** Memory that belongs to this machine alone. */
  readonly anonymousBytes: number
  readonly residentBytes: number
  readonly cpuMs: number
}

export interface MachineExit {
  readonly id: MachineId
  /** `shutdown`: the guest ended itself (power-off or reboot). `crashed`: the VMM died. */
  readonly reason: 'shutdown' | 'crashed'
  readonly detail: string
}

/**
 * Makes one kind of machine. Everything on the host is named after the machine, never after the snapshot.
 * All errors are `driver_*` (DESIGN section 4). A call that fails leaves nothing behind.
 */
export interface MachineDriver {
  readonly name: string
  readonly capabilities: DriverCapabilities

  /** Cheap after the first call: expensive proofs are remembered for this host boot. Never throws for "not usable". */
  probe(options?: Cancellable): Promise<DriverProbe>

  /** Reads everything that decides the content of `source` and folds it into one SHA-256, without building. */
  sourceDigest(source: ImageSource, options?: Cancellable): Promise<string>

  /** Makes what `boot` needs for `ref`, unpublished. A failed build leaves nothing. */
  build(
    ref: TemplateRef,
    source: ImageSource,
    resources: Resources,
    options: Cancellable & { progress: Progress },
  ): Promise<BuiltImage>
  /** Makes a built image visible, atomically, with `manifest` stored beside it. */
  publishTemplate(ref: TemplateRef, manifest: object): Promise<void>
  /** Removes an image, published or not. Succeeds when there is none. */
  removeTemplate(ref: TemplateRef): Promise<void>
  /** The refs of all published images on this host. */
  listTemplates(): Promise<TemplateRef[]>

  /** Brings up a machine from nothing; resolves when its process runs and `connect` can be called. */
  boot(spec: MachineSpec, options?: Cancellable): Promise<void>
  /**
   * Brings up a machine from a snapshot; any number side by side. Resolves when `connect` can be called.
   * @throws `driver_incompatible` when this host cannot run it, `driver_corrupt` when a file is not what was published
   */
  restore(snapshot: SnapshotManifest, spec: MachineSpec, options?: Cancellable): Promise<void>

  /** Writes a snapshot, unpublished. The machine runs again when this rejects, if it still can. */
  snapshot(id: MachineId, plan: DriverSnapshotPlan, options?: Cancellable): Promise<DriverSnapshot>
  /** Makes a snapshot visible, atomically and durably. */
  publishSnapshot(manifest: SnapshotManifest): Promise<void>
  /**
   * Writes what `from` holds once more, as the unpublished snapshot `id`. Files may be shared, but each of the two can be removed
   * without the other. @throws `driver_corrupt` when `from` is not what was published, `driver_not_found` when it is not here
   */
  copySnapshot(from: SnapshotManifest, id: SnapshotId, options?: Cancellable): Promise<void>
  /** Reads every byte again. @throws `driver_corrupt` naming the file */
  verifySnapshot(manifest: SnapshotManifest, options?: Cancellable): Promise<void>
  /** Removes a snapshot, published or not. Succeeds when there is none. The caller knows that no clone lives. */
  removeSnapshot(id: SnapshotId): Promise<void>
  /** The ids of all published snapshots on this host. */
  listSnapshots(): Promise<SnapshotId[]>

  /** Stops the vCPUs. Succeeds when already paused. */
  pause(id: MachineId): Promise<void>
  /** Continues the vCPUs. Succeeds when already running. */
  resume(id: MachineId): Promise<void>
  /**
   * Pulls the cable of the network card, or plugs it in again: nothing passes while it is out, whatever the guest does. A machine comes
   * up with a link. Succeeds when it is so already.
   */
  setLink(id: MachineId, up: boolean): Promise<void>
  /** Ends a machine and waits until every trace on the host is gone. Succeeds when there is none. */
  destroy(id: MachineId): Promise<void>

  /** A byte stream to the guest agent. One at a time per machine: `driver_busy` while another is open. */
  connect(id: MachineId, options?: Cancellable): Promise<Duplex>
  /** Everything of ours on this host, found without any record of the caller. */
  list(): Promise<DriverMachine[]>
  stats(id: MachineId): Promise<MachineStats>
  /** The console log's last `maxBytes`. */
  consoleLog(id: MachineId, maxBytes: number): Promise<Uint8Array>
  /**
   * At most `maxBytes` of the console log from `start` on: what is new to whoever has read up to there. Where the log was cut to its
   * last part meanwhile, and is shorter than `start`, the answer begins at 0.
   */
  consoleFrom(id: MachineId, start: number, maxBytes: number): Promise<ConsolePart>
  /** Whether the guest's MAC, as the host's side of the NIC sees it, is `mac`; `undefined` where there is no such view. */
  seesMac(id: MachineId, mac: string): Promise<boolean | undefined>

  /** Calls `listener` when a machine ends that nobody asked to end. Returns the way to stop listening. */
  onExit(listener: (exit: MachineExit) => void): () => void
  /** Takes back what an earlier process of ours left running and removes what it left unpublished; called once, before anything else. */
  adopt(): Promise<DriverMachine[]>
  /** Lets go of everything; machines go on. */
  close(): Promise<void>
}
