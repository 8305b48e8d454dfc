import type { Recipe } from './recipe.ts'
import type { World } from './world.ts'

async function newKey(world: World): Promise<string> {
  return String((await world.ask('POST', '/v1/keys', { name: 'used up', namespaces: ['default'] })).id)
}

const revoke = (world: World, id: unknown) => async (): Promise<void> =>
  void (await world.send('DELETE', `/v1/keys/${String(id)}`))

export const keyRecipes: Readonly<Record<string, Recipe>> = {
  listAudit: () => ({ query: { cursor: undefined } }),
  createKey: (world, _namespace, chance) => ({
    body: { namespaces: chance.pick(['*', ['default'], ['default', 'fuzz'], undefined]) },
    after: ({ id }) => revoke(world, id)(),
  }),
  getKey: (world) => ({ path: { key: world.key } }),
  revokeKey: async (world) => ({ path: { key: await newKey(world) } }),
  rotateKey: async (world) => {
    const key = await newKey(world)
    return { path: { key }, after: ({ id }) => revoke(world, id)() }
  },
  createTicket: (world) => ({ body: { path: `/v1/machines/${world.machine('default')}/exec` } }),
  giveUpRequest: (_world, _namespace, chance) => ({ path: { key: chance.word(8, 20) } }),
}
