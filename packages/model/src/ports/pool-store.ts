import type { Machine } from '../machine.ts'
import type { MachineId, Name } from '../names.ts'
import type { Pool, PoolEntry } from '../pool.ts'
import type { Alongside, MachineSecrets, Table } from './table.ts'

/** Pools and what is in them. */
export interface PoolStore {
  readonly pools: Table<Pool, Name>
  readonly poolEntries: Table<PoolEntry, MachineId> & {
    /** Of one host, oldest first. */
    of(host: string): Promise<PoolEntry[]>
    /**
     * Hands an entry out, once: in one transaction the entry goes, and the machine and its secrets come.
     * @throws HearthError `store_conflict` when the entry is not at `rev` any more (or the idempotency record exists), `name_taken`
     */
    claim(
      entry: Pick<PoolEntry, 'id' | 'rev'>,
      machine: Omit<Machine, 'rev'>,
      secrets: MachineSecrets,
      alongside?: Alongside,
    ): Promise<Machine>
  }
}
