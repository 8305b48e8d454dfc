import type { Kysely } from 'kysely'
import type { SqlValue } from './columns.ts'

/** Every table alike; `tables.ts` says what each holds. */
export interface AnyTables {
  [table: string]: Record<string, SqlValue>
}

/** One connection and what is particular to its kind of database. */
export interface Database {
  readonly sql: Kysely<AnyTables>
  /** Which rule an insert or update broke; `undefined` for every other error. */
  brokenRule(error: unknown): 'duplicate_key' | 'live_name' | undefined
  close(): Promise<void>
}
