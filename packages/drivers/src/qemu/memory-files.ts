import type { SnapshotId } from '@hearth/model'
import type { LauncherClient } from '../launcher/launcher-client.ts'
import type { LauncherLink } from '../launcher/launcher-link.ts'

/** Idle memory of snapshots that is kept for the next restore, over all snapshots of a host. */
const idleBudgetBytes = 2 * 1024 ** 3

/**
 * The memory of snapshots, held by the launcher in sealed memory files: many machines map one of them, and none can write it, not
 * even a QEMU that its guest has taken over (it opens its memory for writing; the seal refuses that what the file's mode could not).
 */
export class MemoryFiles {
  readonly #launcher: LauncherLink
  readonly #isMapped: (id: string) => boolean
  /** Least recently used first. */
  readonly #loaded = new Map<string, { readonly bytes: number }>()
  readonly #loading = new Map<string, Promise<void>>()
  readonly #wanted = new Map<string, number>()

  /** `isMapped` says whether a machine lives that maps the memory of a snapshot. */
  constructor(launcher: LauncherLink, isMapped: (id: string) => boolean) {
    this.#launcher = launcher
    this.#isMapped = isMapped
  }

  /** Learns what a launcher holds already, and forgets what the one before it held. */
  async adopt(launcher: LauncherClient): Promise<void> {
    const held = await launcher.memfds()
    this.#loaded.clear()
    for (const { id, sizeBytes, sealed } of held) {
      if (sealed && id.startsWith('s-')) this.#loaded.set(id, { bytes: sizeBytes })
    }
  }

  /** Runs `work` with the memory of `id` loaded from `path`. */
  async use<T>(id: SnapshotId, path: string, sizeBytes: number, work: () => Promise<T>): Promise<T> {
    this.#wanted.set(id, (this.#wanted.get(id) ?? 0) + 1)
    try {
      // A new launcher holds nothing: it must be there before we look.
      await this.#launcher.client()
      if (!this.#loaded.has(id)) {
        const loading = this.#loading.get(id) ?? this.#load(id, path, sizeBytes).finally(() => this.#loading.delete(id))
        this.#loading.set(id, loading)
        await loading
      }
      return await work()
    } finally {
      const left = (this.#wanted.get(id) ?? 1) - 1
      if (left === 0) this.#wanted.delete(id)
      else this.#wanted.set(id, left)
    }
  }

  /** Lets go of idle memory beyond the budget; called when a machine has ended. */
  async trim(): Promise<void> {
    const idle = [...this.#loaded].reverse().filter(([id]) => !this.#isMapped(id) && !this.#wanted.has(id))
    let kept = 0
    for (const [id, { bytes }] of idle) {
      kept += bytes
      if (kept > idleBudgetBytes) await this.drop(id)
    }
  }

  async drop(id: string): Promise<void> {
    this.#loaded.delete(id)
    await (await this.#launcher.client()).memfdDrop(id)
  }

  /** Loads a snapshot that has just been made, before anybody asks for it. */
  async load(id: SnapshotId, path: string, sizeBytes: number): Promise<void> {
    await this.#load(id, path, sizeBytes)
  }

  async #load(id: SnapshotId, path: string, sizeBytes: number): Promise<void> {
    await (await this.#launcher.client()).memfd({ id, sizeBytes, from: path, seal: true })
    this.#loaded.set(id, { bytes: sizeBytes })
  }
}
