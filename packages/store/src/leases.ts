import type { Leases } from '@hearth/model'
import { sql } from 'kysely'
import type { Database } from './database.ts'

/** What only one may do at a time. A released lease keeps its row, so that generations never repeat. */
export function leases(database: Database): Leases {
  return {
    async take(name, owner, untilMs, nowMs) {
      const taken = database.sql
        .insertInto('leases')
        .values({ name, owner, until_ms: untilMs, generation: 1 })
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet({
              owner,
              until_ms: untilMs,
              generation: sql<number>`leases.generation + case when leases.owner = ${owner} then 0 else 1 end`,
            })
            .where(sql<boolean>`leases.owner = ${owner} or leases.until_ms <= ${nowMs}`),
        )
        .returning('generation')
      const [row] = await database.run(taken)
      return row && { generation: Number(row.generation) }
    },
    async holder(name, nowMs) {
      const held = database.sql.selectFrom('leases').select('owner').where('name', '=', name).where('until_ms', '>', nowMs)
      const [row] = await database.run(held)
      return row && String(row.owner)
    },
    async release(name, owner) {
      const free = { owner: '', until_ms: 0 }
      await database.run(database.sql.updateTable('leases').set(free).where('name', '=', name).where('owner', '=', owner))
    },
  }
}
