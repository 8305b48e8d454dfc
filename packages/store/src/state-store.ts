import type { Snapshot, SnapshotId, StateStore, Template, TemplateRef } from '@hearth/model'
import { HearthError, liveMachineStates, type Machine, type MachineId, type MachineSecrets } from '@hearth/model'
import { casTable } from './cas-table.ts'
import type { Database } from './database.ts'
import { machineTable, snapshotTable, templateTable } from './tables.ts'

/** The two ways a commit may be kept; they may be connections to one database. */
export interface Databases {
  /** Survives the end of this process. Machines end with the host's power, so their rows need no more. */
  readonly fast: Database
  /** Survives a power cut too. */
  readonly durable: Database
}

/** The state store over SQL; the same queries for every database. `close` is called once, at the end. */
export function sqlStateStore({ fast, durable }: Databases, close: () => Promise<void>): StateStore {
  const templates = casTable<Template, TemplateRef>(durable, templateTable)
  const snapshots = casTable<Snapshot, SnapshotId>(durable, snapshotTable)
  const machines = casTable<Machine, MachineId>(fast, machineTable)
  return {
    templates: {
      ...templates,
      versions: async (name) => (await templates.where({ name })).sort((a, b) => b.version - a.version),
    },
    machines: {
      ...machines,
      async byName(name) {
        const named = await machines.where({ name })
        return named.find((machine) => liveMachineStates.some((state) => state === machine.state))
      },
      ...secretsOf(fast),
    },
    snapshots: { ...snapshots, byTemplate: (template) => snapshots.where({ template }) },
    close,
  }
}

function secretsOf(database: Database): Pick<StateStore['machines'], 'putSecrets' | 'getSecrets' | 'deleteSecrets'> {
  const table = 'machine_secrets'
  return {
    async putSecrets(id: MachineId, secrets: MachineSecrets) {
      const kept = { token: secrets.token, secrets: JSON.stringify(secrets.secrets) }
      const machine = await database.sql.selectFrom('machines').select('id').where('id', '=', id).executeTakeFirst()
      if (machine === undefined) throw new HearthError('machine_not_found', `machine ${id} has no row to keep secrets for`)
      await database.sql
        .insertInto(table)
        .values({ machine: id, ...kept })
        .onConflict((conflict) => conflict.column('machine').doUpdateSet(kept))
        .execute()
    },
    async getSecrets(id: MachineId) {
      const stored = await database.sql.selectFrom(table).selectAll().where('machine', '=', id).executeTakeFirst()
      if (stored === undefined) return undefined
      return { token: String(stored.token), secrets: JSON.parse(String(stored.secrets)) as Record<string, string> }
    },
    async deleteSecrets(id: MachineId) {
      await database.sql.deleteFrom(table).where('machine', '=', id).execute()
    },
  }
}
