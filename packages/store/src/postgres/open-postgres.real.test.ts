import { describeStore } from '@hearth/conformance'
import { silentLog } from '@hearth/model'
import { afterAll, beforeAll, describe } from 'vitest'
import { PostgresServer, postgresMissing } from '../../../../test/support/postgres.ts'
import { openPostgresStore } from '../open-postgres-store.ts'

describe.skipIf(postgresMissing)(postgresMissing || 'on PostgreSQL', () => {
  let server: PostgresServer
  let migrated: string
  beforeAll(async () => {
    server = await PostgresServer.start()
    migrated = await server.database()
    await (await open(migrated)).close()
  })
  afterAll(() => server[Symbol.asyncDispose]())
  const open = (url: string) => openPostgresStore({ url, host: 'home-1', log: silentLog })

  describeStore('postgres', async () => open(await server.database({ like: migrated })))
})
