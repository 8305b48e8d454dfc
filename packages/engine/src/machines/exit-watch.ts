import { driverError, type HearthError, type MachineExit, type MachineId } from '@hearth/model'

/** Tells those who are bringing a machine up that it has ended, so that they do not wait for a deadline. */
export class ExitWatch {
  readonly #watchers = new Map<MachineId, Set<(error: HearthError) => void>>()

  watch(id: MachineId, ended: (error: HearthError) => void): () => void {
    const mine = this.#watchers.get(id) ?? new Set()
    this.#watchers.set(id, mine.add(ended))
    return () => {
      mine.delete(ended)
      if (mine.size === 0) this.#watchers.delete(id)
    }
  }

  /** Whether somebody was watching. */
  tell(exit: MachineExit): boolean {
    const watchers = this.#watchers.get(exit.id)
    const error = driverError('Unavailable', `machine ${exit.id} ended by itself (${exit.reason}): ${exit.detail}`)
    for (const ended of watchers ?? []) ended(error)
    return watchers !== undefined
  }
}
