import { HearthError, type Machine, type MachineId, type Name, type Pool, type PoolEntry, type PoolStore } from '@hearth/model'
import { casTable, refused, storedForm } from './cas-table.ts'
import { readRow } from './columns.ts'
import { commitChange } from './commit-change.ts'
import { is } from './conditions.ts'
import type { Database, Step } from './database.ts'
import { secretsStep } from './machine-rows.ts'
import { poolEntryTable, poolTable } from './pool-tables.ts'
import { machineTable } from './tables.ts'

const { table } = poolEntryTable

/** Pools and their entries. A claim is one commit: the entry goes, and a machine comes in its place. */
export function poolRows(database: Database): PoolStore {
  const entries = casTable<PoolEntry, MachineId>(database, poolEntryTable)
  return {
    pools: casTable<Pool, Name>(database, poolTable),
    poolEntries: {
      ...entries,
      of: (host) => entries.where([is('host', host)]),
      async claim({ id, rev }, machine, secrets, alongside = {}) {
        if (machine.id !== id) throw new HearthError('internal', `entry ${id} cannot become machine ${machine.id}`)
        const stored = storedForm<Machine>(machineTable, { ...machine, rev: 1 })
        const insert: Step = { query: database.sql.insertInto(machineTable.table).values(stored) }
        const around = { before: takeStep(database, id, rev), after: secretsStep(database, id, secrets) }
        const done = await commitChange(database, insert, alongside, around)
        if (!('refused' in done)) return readRow(machineTable.columns, stored)
        throw done.rule === 'no_row' ? gone(id, rev) : refused(done, machineTable.table, id, machine)
      },
    },
  }
}

function takeStep({ sql }: Database, id: MachineId, rev: number): Step {
  const query = sql.deleteFrom(table).where('id', '=', id).where('rev', '=', rev).returning('id')
  return { query, mustTouch: true }
}

function gone(id: MachineId, rev: number): HearthError {
  return new HearthError('store_conflict', `${table} ${id} is not at revision ${rev} any more: it was handed out or ended`, {
    details: { table, id, expectedRev: rev },
  })
}
