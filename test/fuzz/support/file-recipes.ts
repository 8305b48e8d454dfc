import type { Recipe } from './recipe.ts'

export const fileRecipes: Readonly<Record<string, Recipe>> = {
  statFile: (world, namespace, chance) => ({
    path: { machine: world.machine(namespace) },
    query: { path: chance.pick(['/', '/tmp', '/tmp/seed']) },
  }),
  listFiles: (world, namespace, chance) => ({
    path: { machine: world.machine(namespace) },
    query: { path: chance.pick(['/', '/tmp', '/tmp/']) },
  }),
  watchFiles: (world, namespace, chance) => ({
    path: { machine: world.machine(namespace) },
    query: { path: chance.pick(['/', '/tmp']) },
    endless: true,
  }),
  makeDirectory: (world, namespace, chance) => ({
    path: { machine: world.machine(namespace) },
    body: { path: `/tmp/d${chance.int(0, 9)}/${chance.pick(['e', 'ünï', '🔥', '..', 'a b'])}` },
  }),
  moveFile: async (world, namespace) => {
    const machine = world.machine(namespace)
    const name = world.name()
    await world.send('PUT', `${world.at(namespace)}/machines/${machine}/files?path=/tmp/${name}`, Buffer.from('moves'))
    return { path: { machine }, body: { from: `/tmp/${name}`, to: '/tmp/moved' } }
  },
  removeFile: async (world, namespace) => {
    const machine = world.machine(namespace)
    const path = `/tmp/${world.name()}`
    await world.ask('POST', `${world.at(namespace)}/machines/${machine}/files/mkdir`, { path })
    return { path: { machine }, query: { path } }
  },
  readFile: (world, namespace) => ({ path: { machine: world.machine(namespace) }, query: { path: '/tmp/seed' } }),
  writeFile: (world, namespace, chance) => ({
    path: { machine: world.machine(namespace) },
    query: { path: `/tmp/w${chance.int(0, 30)}`, owner: chance.pick([undefined, 'root', '0:0']) },
    bytes: Buffer.alloc(chance.pick([0, 1, 100, 65_536, 200_000]), chance.int(0, 255)),
    headers: { 'content-type': chance.pick(['application/octet-stream', 'application/json', 'text/plain']) },
  }),
}
