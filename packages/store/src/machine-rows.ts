import { HearthError, type Machine, type MachineId, type MachineSecrets, type MachineState, type StateStore } from '@hearth/model'
import { sql } from 'kysely'
import { casTable } from './cas-table.ts'
import { is, liveOnly, machineConditions } from './conditions.ts'
import type { Database, Step } from './database.ts'
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
    page: async (filter, query) => machines.page(machineConditions(database, filter), query),
    live: async (filter = {}) => machines.where([...machineConditions(database, filter), liveOnly]),
    async countByState(host) {
      const counted = database.sql.selectFrom(table).select(['state', sql<number>`count(*)`.as('count')])
      const rows = await database.run(counted.where(is('host', host)).groupBy('state'))
      return rows.map(({ state, count }) => ({ state: state as MachineState, count: Number(count) }))
    },
    pruneEnded: (at) => pruneRows(database, table, 'id', sql`ended_at < ${at} and live = 0`),
    ...secretsOf(database),
  }
}

/** Keeps the secrets of a machine, in place of those it had. */
export function secretsStep(database: Database, id: MachineId, { token, secrets }: MachineSecrets): Step {
  const kept = { token, secrets: JSON.stringify(secrets) }
  const put = database.sql
    .insertInto(secretsTable)
    .values({ machine: id, ...kept })
    .onConflict((conflict) => conflict.column('machine').doUpdateSet(kept))
  return { query: put }
}

function secretsOf(database: Database): Pick<StateStore['machines'], 'putSecrets' | 'getSecrets' | 'deleteSecrets'> {
  const { sql: build } = database
  return {
    async putSecrets(id, secrets) {
      const outcome = await database.commit([secretsStep(database, id, secrets)])
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
