import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SqliteConnection } from './connection.ts'

/** Pages that are given back at once: about a millisecond of work. */
const stepPages = 100
const incremental = 2

/** A file of the first version cannot shrink until it was written anew, once. It is small. */
export function allowCompacting({ raw }: SqliteConnection): void {
  if (raw.pragma('auto_vacuum', { simple: true }) === incremental) return
  raw.pragma('auto_vacuum = INCREMENTAL')
  raw.exec('vacuum')
}

/** Gives free pages back to the file system, and what the log has grown to; others get their turn between two steps. */
export async function compactFile({ raw }: SqliteConnection): Promise<void> {
  while (Number(raw.pragma('freelist_count', { simple: true })) > 0) {
    raw.pragma(`incremental_vacuum(${stepPages})`)
    await nextTurn()
  }
  raw.pragma('wal_checkpoint(TRUNCATE)')
}
