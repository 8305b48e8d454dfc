import { keepMachine, launchWish, type Recipe } from './recipe.ts'
import type { World } from './world.ts'

const onSnapshot: Recipe = (world, namespace) => ({ path: { snapshot: world.snapshot(namespace) } })
const listed: Recipe = (world, namespace, chance) => ({
  path: { machine: world.machine(namespace) },
  query: {
    cursor: undefined,
    machine: chance.pick([undefined, world.machine(namespace)]),
    template: chance.pick([undefined, 'base', 'base@1']),
    parent: chance.pick([undefined, world.snapshot(namespace)]),
  },
})

function keepSnapshot(world: World, namespace: string, id: unknown): Promise<void> {
  return world.keep(`snapshots ${namespace}`, String(id), `${world.at(namespace)}/snapshots/*`)
}

function spareSnapshot(world: World, namespace: string): Promise<string> {
  return world.spare(`snapshots ${namespace}`, () => world.newSnapshot(namespace))
}

export const snapshotRecipes: Readonly<Record<string, Recipe>> = {
  listSnapshots: listed,
  listSnapshotsOfMachine: listed,
  createSnapshot: (world, namespace, chance) => ({
    path: { machine: world.machine(namespace) },
    query: { wait: chance.pick([0, 30]) },
    after: (made) => keepSnapshot(world, namespace, made.id),
  }),
  getSnapshot: onSnapshot,
  getSnapshotTree: onSnapshot,
  verifySnapshot: onSnapshot,
  changeSnapshot: async (world, namespace) => {
    const snapshot = await spareSnapshot(world, namespace)
    return { path: { snapshot }, after: () => keepSnapshot(world, namespace, snapshot) }
  },
  removeSnapshot: async (world, namespace) => ({ path: { snapshot: await spareSnapshot(world, namespace) } }),
  copySnapshot: (world, namespace, chance) => {
    const to = chance.pick([undefined, 'default', 'fuzz'])
    return {
      path: { snapshot: world.snapshot(namespace) },
      body: { namespace: to },
      after: (made) => keepSnapshot(world, to ?? namespace, made.id),
    }
  },
  restoreSnapshot: (world, namespace, chance) => ({
    path: { snapshot: world.snapshot(namespace) },
    body: launchWish(world, chance),
    after: ({ machine }) => keepMachine(world, namespace, (machine as { id: string }).id),
  }),
}
