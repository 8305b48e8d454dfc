import { HearthError, type Machine, type MachineId, type Name, type Pool, type PoolEntry, type PoolStore } from '@hearth/model'
import { type Companions, conflict, MemoryTable } from './memory-table.ts'

/** Pools and their entries in memory; `machines` is where a claimed entry's machine goes. */
export function memoryPools(together: Companions, machines: MemoryTable<Machine, MachineId>): PoolStore {
  const pools = new MemoryTable<Pool, Name>('pools', (row) => row.name, together)
  const entries = new MemoryTable<PoolEntry, MachineId>('pool_entries', (row) => row.id, together)
  return {
    pools,
    poolEntries: Object.assign(entries, {
      of: async (host: string) => entries.rowsWhere((row) => row.host === host),
      async claim({ id, rev }, machine, secrets, alongside) {
        const entry = entries.rowsWhere((row) => row.id === id)[0]
        if (entry?.rev !== rev) throw conflict('pool_entries', id, `is at revision ${entry?.rev ?? 'none'}, not ${rev}`)
        if (machine.id !== id) throw new HearthError('internal', `entry ${id} cannot become machine ${machine.id}`)
        // An insert does its work within the turn; that it was refused is said later.
        const made = machines.insert(machine, alongside)
        if (machines.has(id)) {
          machines.attach(id, secrets)
          entries.forget(id)
        }
        return made
      },
    } satisfies Pick<PoolStore['poolEntries'], 'of' | 'claim'>),
  }
}
