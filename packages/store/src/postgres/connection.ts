import type { Log } from '@hearth/model'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import type { Stored } from '../columns.ts'
import { type AnyTables, type BrokenRule, type Database, inWords, type Outcome, type Query, type Step } from '../database.ts'
import { codeOf, gaveWay, isCutOff, unavailable, wordsOf } from './lost.ts'
import { PostgresNews } from './postgres-news.ts'

const maxConnections = 6
/** A server that hangs must not hang us: these end what waits for it, in milliseconds. */
const connectTimeoutMs = 5000
const statementTimeoutMs = 20_000
/** A commit of ours that lost its client lets the others go on after this time. */
const abandonedTimeoutMs = 5000
const maxNamed = 200
const commitTries = 5

/** The same number for all servers of Hearth; events of one database wait in one queue. */
const eventQueue = 0x68656172

/** Connects lazily: nothing is asked of the server here. */
export function connectPostgres(url: string, log: Log): Database {
  const config = configOf(url)
  const pool = new pg.Pool(config)
  // A connection that breaks. Whoever uses it is told by the query; who asks next gets a new one. Unheard it would end us.
  const lost = (error: unknown) => log.warn('store.connection_lost', { error: wordsOf(error) })
  pool.on('connect', (client) => client.on('error', lost))
  pool.on('error', () => undefined)
  const kysely = new Kysely<AnyTables>({ dialect: new PostgresDialect({ pool }) })
  const named = namedStatements()
  const news = new PostgresNews({ pool, newClient: () => new pg.Client(config), log })
  return {
    sql: kysely,
    news,
    position: 'strpos',
    // Held until the commit is visible, so that numbers are seen in the order in which they were drawn.
    queueForEvents: sql`select pg_advisory_xact_lock(${sql.lit(eventQueue)})`.compile(kysely),
    async run(query) {
      try {
        return (await pool.query<Stored>(named(query))).rows
      } catch (error) {
        throw unavailable(error)
      }
    },
    async commit(steps) {
      for (let tries = 1; ; tries++) {
        try {
          return await commitSteps(pool, named, steps)
        } catch (error) {
          if (tries >= commitTries || !gaveWay(error)) throw unavailable(error)
        }
      }
    },
    async close() {
      await news.close()
      await kysely.destroy()
      if (!pool.ended) await pool.end()
    },
  }
}

function configOf(url: string): pg.PoolConfig {
  return {
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + connectTimeoutMs,
    idle_in_transaction_session_timeout: abandonedTimeoutMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'hearth',
    types: { getTypeParser: parserOf },
  }
}

/** Whole numbers are numbers, as in SQLite: times and sizes fit. */
function parserOf(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === pg.types.builtins.INT8 || oid === pg.types.builtins.NUMERIC) return Number
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text')
}

type Statement = { readonly text: string; readonly values: unknown[]; readonly name?: string }

/** Statements with a name are planned once for each connection. There are a few dozen of them. */
function namedStatements(): (query: Query) => Statement {
  const names = new Map<string, string>()
  return (query) => {
    const { sql: text, parameters } = inWords(query)
    const values = [...parameters]
    const known = names.get(text)
    if (known === undefined && names.size >= maxNamed) return { text, values }
    const name = known ?? `hearth_${names.size}`
    names.set(text, name)
    return { text, values, name }
  }
}

async function commitSteps(pool: pg.Pool, named: (query: Query) => Statement, steps: readonly Step[]): Promise<Outcome> {
  if (steps.length === 1) return runSteps(pool, named, steps)
  const client = await pool.connect()
  let broken: unknown
  try {
    await client.query('begin')
    const outcome = await runSteps(client, named, steps)
    await client.query('refused' in outcome ? 'rollback' : 'commit')
    return outcome
  } catch (error) {
    broken = error
    throw error
  } finally {
    // A connection in an unknown state is not used again: closing it undoes what was begun.
    client.release(broken !== undefined)
  }
}

async function runSteps(
  on: Pick<pg.ClientBase, 'query'>,
  named: (query: Query) => Statement,
  steps: readonly Step[],
): Promise<Outcome> {
  const rows: (readonly Stored[])[] = []
  for (const { query, mustTouch } of steps) {
    try {
      const touched = (await on.query<Stored>(named(query))).rows
      if (mustTouch && touched.length === 0) return { refused: rows.length, rule: 'no_row' }
      rows.push(touched)
    } catch (error) {
      const rule = isCutOff(error) ? undefined : brokenRule(error)
      if (rule === undefined) throw error
      return { refused: rows.length, rule, cause: error }
    }
  }
  return { rows }
}

/** PostgreSQL, appendix A: unique_violation and foreign_key_violation. */
function brokenRule(error: unknown): BrokenRule | undefined {
  if (codeOf(error) === '23503') return 'missing_parent'
  if (codeOf(error) !== '23505') return undefined
  return error instanceof pg.DatabaseError && error.constraint === 'machines_live_name' ? 'live_name' : 'duplicate_key'
}
