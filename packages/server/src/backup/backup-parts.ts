import type { Clock, StateStore } from '@hearth/model'

/** What backups need of the classes that only a main file knows. */
export interface BackupParts {
  readonly version: string
  readonly clock: Clock
  readonly pid: number
  /** Copies a database as it is at one moment, while a server may go on writing it. */
  copyDatabase(from: string, to: string): Promise<void>
  openStore(path: string, host: string): Promise<StateStore>
  takeLock(path: string): { release(): void } | undefined
}
