import type { MachineExit, MachineId, SnapshotId, TemplateRef } from '@hearth/model'
import { Faults } from './faults.ts'
import type { FrozenGuest } from './frozen-guest.ts'
import type { MemoryMachine } from './memory-machine.ts'

/** One file of a snapshot or an image. */
export interface HostFile {
  readonly name: string
  bytes: Buffer
}

export interface HostFolder {
  published: boolean
  readonly files: Map<string, HostFile>
  /** Of a snapshot. */
  readonly frozen?: FrozenGuest
}

/**
 * The computer that a memory driver runs its machines on. It outlives drivers, so that a new one on the same host
 * finds what an earlier one left, and it can be looked at from outside: that is what tests count.
 */
export class MemoryHost {
  readonly machines = new Map<MachineId, MemoryMachine>()
  readonly snapshots = new Map<SnapshotId, HostFolder>()
  readonly templates = new Map<TemplateRef, HostFolder>()
  /** Images that `tar:` and `dir:` sources may name, path to content. */
  readonly images = new Map<string, string>()
  readonly faults = new Faults()
  /** What snapshots of this host can be restored on. */
  readonly vmmVersion: string
  readonly #exitListeners = new Set<(exit: MachineExit) => void>()

  constructor(options: { readonly vmmVersion?: string } = {}) {
    this.vmmVersion = options.vmmVersion ?? '1'
  }

  onExit(listener: (exit: MachineExit) => void): () => void {
    this.#exitListeners.add(listener)
    return () => this.#exitListeners.delete(listener)
  }

  /** A machine's process is gone, and nobody asked for that. Its traces stay until it is destroyed. */
  ended(id: MachineId, reason: MachineExit['reason'], detail: string): void {
    const machine = this.machines.get(id)
    if (!machine || machine.state === 'ended') return
    machine.stop()
    for (const listener of this.#exitListeners) listener({ id, reason, detail })
  }

  /** Kills a machine behind everybody's back. */
  crash(id: MachineId): void {
    this.ended(id, 'crashed', 'it was killed')
  }

  /** Breaks every open stream, as the end of the server's process does. */
  disconnect(): void {
    for (const machine of this.machines.values()) machine.disconnect()
  }

  /** Everything whose name contains `text`, as a path. */
  traces(text: string): string[] {
    const paths: string[] = []
    for (const machine of this.machines.values()) paths.push(...machine.paths())
    for (const [id, folder] of this.snapshots) paths.push(...pathsOf(`snapshots/${id}`, folder))
    for (const [ref, folder] of this.templates) paths.push(...pathsOf(`templates/${ref}`, folder))
    return paths.filter((path) => path.includes(text)).sort()
  }

  /** Changes one byte in the middle of a snapshot's largest file. */
  flipByte(id: SnapshotId): void {
    const files = [...(this.snapshots.get(id)?.files.values() ?? [])].sort((a, b) => b.bytes.length - a.bytes.length)
    const [largest] = files
    if (!largest) throw new Error(`there is no snapshot ${id}`)
    const bytes = Buffer.from(largest.bytes)
    const middle = bytes.length >> 1
    bytes[middle] = (bytes[middle] ?? 0) ^ 1
    largest.bytes = bytes
  }
}

function pathsOf(folder: string, { published, files }: HostFolder): string[] {
  const root = published ? folder : `tmp/${folder}`
  return [root, ...[...files.keys()].map((name) => `${root}/${name}`)]
}
