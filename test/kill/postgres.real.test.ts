import { afterAll, afterEach, beforeAll, describe, it } from 'vitest'
import { PostgresServer, postgresMissing } from '../support/postgres.ts'
import { deathsAt, Survival } from './support/survival.ts'

/** One of each kind: what happens on the host is the same with every database. */
const deaths = deathsAt([
  'launch.row_written',
  'launch.running',
  'snapshot.published',
  'fork.cloned',
  'pause.stopped',
  'end.destroyed',
  'remove_snapshot.files_gone',
  'build.image_published',
])

describe.skipIf(postgresMissing)('a server that dies with its state in PostgreSQL', () => {
  let postgres: PostgresServer
  let survival: Survival
  beforeAll(async () => {
    postgres = await PostgresServer.start()
    survival = await Survival.prepare({ HEARTH_DATABASE: await postgres.database() })
  })
  afterAll(async () => {
    await survival?.home.close()
    await postgres?.[Symbol.asyncDispose]()
  })
  afterEach(() => survival.tidy())

  it.each(deaths)('at $point, in $what, is made whole by the next', async (death) => {
    await survival.mustSurvive(death, deaths[deaths.indexOf(death) + 1])
  })
})
