import { describeStore } from '@hearth/conformance'
import { silentLog } from '@hearth/model'
import { afterAll, beforeAll, describe } from 'vitest'
import { PostgresServer, postgresMissing } from '../../../../test/support/postgres.ts'
import { openPostgresStore } from '../open-postgres-store.ts'

describe.skipIf(postgresMissing)(postgresMissing || 'on PostgreSQL', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await PostgresServer.start()
  })
  afterAll(() => server[Symbol.asyncDispose]())
  const open = async (url: string, host = 'home-1') => openPostgresStore({ url, host, log: silentLog })

  describeStore('postgres', async () => open(await server.database()))
})
