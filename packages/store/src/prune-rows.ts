import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Condition } from './conditions.ts'
import type { Database } from './database.ts'

/** As many as are deleted at once: others get their turn between two steps. */
const stepRows = 500

/** Deletes the rows of `table` that fit, in small steps; resolves to how many. */
export async function pruneRows(database: Database, table: string, key: string, fits: Condition): Promise<number> {
  const { sql: build } = database
  const some = build.selectFrom(table).select(key).where(fits).limit(stepRows)
  const step = build
    .deleteFrom(table)
    .where(sql<boolean>`${sql.ref(key)} in ${some}`)
    .where(fits)
    .returning(key)
  for (let total = 0; ; await nextTurn()) {
    const gone = await database.run(step)
    total += gone.length
    if (gone.length < stepRows) return total
  }
}
