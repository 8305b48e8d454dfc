import type { ConsistencyReport } from '@hearth/model'
import { checkRows } from '../check-rows.ts'
import type { SqliteConnection } from './connection.ts'

/** What SQLite finds wrong with the file, and what we find wrong with the rows. */
export async function checkFile(database: SqliteConnection): Promise<ConsistencyReport> {
  const { problems, rows } = await checkRows(database)
  return { problems: [...fileProblems(database.raw), ...problems], rows }
}

/** What SQLite finds wrong with the file and its references. */
function fileProblems(raw: SqliteConnection['raw']): string[] {
  const integrity = raw.pragma('integrity_check(20)') as { integrity_check: string }[]
  const loose = raw.pragma('foreign_key_check') as { table: string; rowid: number; parent: string }[]
  return [
    ...integrity.map((each) => each.integrity_check).filter((text) => text !== 'ok'),
    ...loose.slice(0, 20).map(({ table, rowid, parent }) => `row ${rowid} of ${table} has no row in ${parent}`),
  ]
}
