import type { Recipe } from './recipe.ts'
import type { Fields, World } from './world.ts'

const settings = { min: 0, max: 1, lazy: true }

/** A pool with a template of its own, which has a second version. */
async function newPool(world: World): Promise<string> {
  const name = world.name()
  const template = { name, source: 'builtin:base', noCache: true }
  await world.ask('POST', '/v1/templates?wait=30', template)
  await world.ask('POST', '/v1/templates?wait=30', template)
  await world.ask('PUT', `/v1/pools/${name}`, wanted(name))
  return name
}

function wanted(name: string): Fields {
  return { template: `${name}@1`, settings, resources: undefined, cutOver: false }
}

function spare(world: World): Promise<string> {
  return world.spare('pools', () => newPool(world))
}

const keep = (world: World, pool: string) => (): Promise<void> => world.keep('pools', pool, '/v1/pools/*')

const stays: Recipe = async (world) => ({
  path: { pool: await world.once('pool', () => newPool(world)) },
  query: { targetHitRate: undefined, smallest: undefined, largest: undefined },
})

async function rolled(world: World): Promise<string> {
  const pool = await newPool(world)
  await world.ask('POST', `/v1/pools/${pool}/rollout`, { version: 2 })
  return pool
}

export const poolRecipes: Readonly<Record<string, Recipe>> = {
  getPool: stays,
  getPoolStats: stays,
  planPoolScale: stays,
  setPool: async (world) => {
    const pool = await spare(world)
    return { path: { pool }, body: wanted(pool), after: keep(world, pool) }
  },
  changePool: async (world) => {
    const pool = await spare(world)
    return { path: { pool }, body: { ...wanted(pool), template: undefined }, after: keep(world, pool) }
  },
  removePool: async (world) => ({ path: { pool: await spare(world) } }),
  warmPool: async (world) => {
    const pool = await spare(world)
    return { path: { pool }, query: { wait: 0 }, after: keep(world, pool) }
  },
  drainPool: async (world) => {
    const pool = await spare(world)
    const after = async () => {
      await world.ask('PUT', `/v1/pools/${pool}`, wanted(pool))
      await keep(world, pool)()
    }
    return { path: { pool }, after }
  },
  getPoolRollout: async (world) => ({ path: { pool: await world.once('rolled pool', () => rolled(world)) } }),
  startPoolRollout: async (world) => {
    const pool = await spare(world)
    const after = async () => {
      await world.ask('POST', `/v1/pools/${pool}/rollout/abort`)
      await keep(world, pool)()
    }
    return { path: { pool }, body: { version: 2, canaries: 1, deadlineMs: undefined, probationMs: 86_400_000 }, after }
  },
  abortPoolRollout: async (world) => {
    const pool = await spare(world)
    await world.ask('POST', `/v1/pools/${pool}/rollout`, { version: 2, probationMs: 86_400_000 })
    return { path: { pool }, after: keep(world, pool) }
  },
}
