import { HearthError, type Machine, type MachineId, type StateStore } from '@hearth/model'
import { sql } from 'kysely'
import { casTable } from './cas-table.ts'
import { is, liveOnly, machineConditions } from './conditions.ts'
import type { Database } from './database.ts'
import { pruneRows } from './prune-rows.ts'
import { machineTable } from './tables.ts'

const { table } = machineTable
const secretsTable = 'machine_secrets'

/** Machines, with their secrets in a table of their own. */
export function machineRows(database: Database): StateStore['machines'] {
  const machines = casTable<Machine, MachineId>(database, machineTable)
  return {
    ...machines,
    byName: async (namespace, name) => (await machines.where([is('namespace', namespace), is('name', name), liveOnly]))[0],
    page: (filter, query) => machines.page(machineConditions(database, filter), query),
    live: (filter = {}) => machines.where([...machineConditions(database, filter), liveOnly]),
    pruneEnded: (at) => pruneRows(database, table, 'id', sql`ended_at < ${at} and not (${liveOnly})`),
    ...secretsOf(database),
  }
}

function secretsOf(database: Database): Pick<StateStore['machines'], 'putSecrets' | 'getSecrets' | 'deleteSecrets'> {
  const { sql: build } = database
  return {
    async putSecrets(id, { token, secrets }) {
      const kept = { token, secrets: JSON.stringify(secrets) }
      const put = build
        .insertInto(secretsTable)
        .values({ machine: id, ...kept })
        .onConflict((conflict) => conflict.column('machine').doUpdateSet(kept))
      const outcome = await database.commit([{ query: put }])
      if ('rows' in outcome) return
      throw new HearthError('machine_not_found', `machine ${id} has no row to keep secrets for`, { cause: outcome.cause })
    },
    async getSecrets(id) {
      const [stored] = await database.run(build.selectFrom(secretsTable).selectAll().where('machine', '=', id))
      return stored && { token: String(stored.token), secrets: JSON.parse(String(stored.secrets)) as Record<string, string> }
    },
    async deleteSecrets(id) {
      await database.run(build.deleteFrom(secretsTable).where('machine', '=', id))
    },
  }
}
