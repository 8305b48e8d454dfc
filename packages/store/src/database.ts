import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import type { SqlValue, Stored } from './columns.ts'
import type { EventNews } from './event-news.ts'

/** Every table alike; `tables.ts` says what each holds. */
export interface AnyTables {
  [table: string]: Record<string, SqlValue>
}

/** Which rule a statement broke: an id that exists, a live machine's name, a row that others lean on is not there. */
export type BrokenRule = 'duplicate_key' | 'live_name' | 'missing_parent'

/** One statement, still to be put into words or put so already. */
export type Query = Compilable | CompiledQuery

/** The words and parameters of a statement. */
export function inWords(query: Query): CompiledQuery {
  return 'compile' in query ? query.compile() : query
}

/** One statement of a commit. */
export interface Step {
  readonly query: Query
  /** Nothing of the commit is done when this one touches no row. It must return what it touches. */
  readonly mustTouch?: boolean
}

/** Which step stopped a commit, so that nothing of it was done, and why. */
export interface Refusal {
  readonly refused: number
  readonly rule: BrokenRule | 'no_row'
  readonly cause?: unknown
}

/** What each step returned. */
export type Outcome = { readonly rows: readonly (readonly Stored[])[] } | Refusal

/** A database, and what is particular to its kind. What fails is a HearthError, but for the rules that a commit may break. */
export interface Database {
  /** Builds queries in this database's language. */
  readonly sql: Kysely<AnyTables>
  /** Runs one statement, which breaks no rule. */
  run(query: Query): Promise<readonly Stored[]>
  /** Runs all steps, or none of them. */
  commit(steps: readonly Step[]): Promise<Outcome>
  /** Says where in a text (first argument) another begins; 0 when nowhere. */
  readonly position: 'instr' | 'strpos'
  /** Comes before an event is written, where commits do not come in the order of their events' numbers by themselves. */
  readonly queueForEvents?: Query
  readonly news: EventNews
  close(): Promise<void>
}
