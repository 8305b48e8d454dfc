import type { ServerEntry, ServerRegistry } from '@hearth/model'
import { type Columns, integer, optional, readRow, text, writeFields } from './columns.ts'
import type { Database } from './database.ts'

const table = 'servers'

const columns: Columns<ServerEntry> = {
  host: text('host'),
  url: optional(text('url')),
  socket: text('socket'),
  computer: text('computer'),
  secret: text('secret'),
  startedAt: integer('started_at'),
  untilMs: integer('until_ms'),
}

/** One row for each home that had a server which did not say goodbye. */
export function serverRegistry(database: Database): ServerRegistry {
  return {
    async announce(server) {
      const { host, ...rest } = writeFields(columns, { ...server, url: server.url })
      const said = database.sql
        .insertInto(table)
        .values({ host: host ?? '', ...rest })
        .onConflict((conflict) => conflict.column('host').doUpdateSet(rest))
      await database.run(said)
    },
    async withdraw(host, secret) {
      await database.run(database.sql.deleteFrom(table).where('host', '=', host).where('secret', '=', secret))
    },
    async list() {
      const rows = await database.run(database.sql.selectFrom(table).selectAll().orderBy('host'))
      return rows.map((row) => readRow(columns, row))
    },
  }
}
