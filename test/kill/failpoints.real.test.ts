import { failpoints } from '@hearth/model'
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest'
import { deathsAt, Survival } from './support/survival.ts'

const deaths = deathsAt(failpoints)

describe('a server that dies', () => {
  let survival: Survival
  beforeAll(async () => {
    survival = await Survival.prepare()
  })
  afterAll(() => survival?.home.close())
  afterEach(() => survival.tidy())

  it.each(deaths)('at $point, in $what, is made whole by the next', async (death) => {
    await survival.mustSurvive(death, deaths[deaths.indexOf(death) + 1])
  })
})
