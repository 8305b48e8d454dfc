import { existsSync, statSync } from 'node:fs'
import { HearthError } from '@hearth/model'
import BetterSqlite from 'better-sqlite3'

/**
 * Looks at the file before anything is written to it; a new or empty one is fine. Opened for reading only: a connection that
 * writes would carry the log over into a damaged file when it closes.
 * @throws HearthError `internal` when it is damaged, or the database of another program
 */
export function refuseUnusable(path: string): void {
  if (!existsSync(path) || statSync(path).size === 0) return
  const file = new BetterSqlite(path, { readonly: true, fileMustExist: true })
  try {
    refuseDamaged(path, file)
    refuseForeign(path, file)
  } finally {
    file.close()
  }
}

function refuseDamaged(path: string, file: BetterSqlite.Database): void {
  const found = file.pragma('quick_check(5)') as { quick_check: string }[]
  const problems = found.map((each) => each.quick_check).filter((text) => text !== 'ok')
  if (problems.length === 0) return
  throw new HearthError('internal', `the state database ${path} is damaged: ${problems.join('; ')}`, {
    hint: 'It was left as it is. Put a backup in its place ("hearth restore-backup"), or move it away to begin anew.',
    details: { problems },
  })
}

function refuseForeign(path: string, file: BetterSqlite.Database): void {
  const tables = file.prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'").all()
  const names = (tables as { name: string }[]).map((table) => table.name)
  if (names.length === 0 || names.includes('kysely_migration')) return
  throw new HearthError('internal', `${path} is the database of another program: it holds ${names.slice(0, 5).join(', ')}`, {
    hint: 'Choose another place for the state of Hearth.',
  })
}
