import { fileRecipes } from './file-recipes.ts'
import { keyRecipes } from './key-recipes.ts'
import { poolRecipes } from './pool-recipes.ts'
import { keepMachine, launchWish, type Recipe, spareMachine, type Wish } from './recipe.ts'
import { snapshotRecipes } from './snapshot-recipes.ts'
import type { Fields, World } from './world.ts'

const none: Wish = {}
const onMachine: Recipe = (world, namespace) => ({ path: { machine: world.machine(namespace) } })
const page = { cursor: undefined }

const machineRecipes: Readonly<Record<string, Recipe>> = {
  listMachines: (_world, _namespace, chance) => ({
    query: { ...page, template: chance.pick([undefined, 'base', 'base@1']), name: chance.pick([undefined, 'web']) },
  }),
  launchMachine: (world, namespace, chance) => ({
    body: {
      ...launchWish(world, chance),
      template: 'base',
      snapshot: undefined,
      boot: chance.pick([undefined, 'auto', 'cold']),
      resources: undefined,
    },
    after: (made) => keepMachine(world, namespace, made.id),
  }),
  forkMachine: (world, namespace, chance) => ({
    path: { machine: world.machine(namespace) },
    body: { ...launchWish(world, chance), hostname: undefined, egress: undefined, count: chance.int(1, 2) },
    after: async ({ results }) => {
      for (const { machine } of results as { machine?: Fields }[]) if (machine) await keepMachine(world, namespace, machine.id)
    },
  }),
  removeMachine: async (world, namespace) => ({ path: { machine: await spareMachine(world, namespace) } }),
  pauseMachine: async (world, namespace) => {
    const machine = await spareMachine(world, namespace)
    return {
      path: { machine },
      after: () => world.keep(`paused ${namespace}`, machine, `${world.at(namespace)}/machines/*`),
    }
  },
  resumeMachine: async (world, namespace) => {
    const machine = await world.spare(`paused ${namespace}`, async () => {
      const id = await spareMachine(world, namespace)
      await world.ask('POST', `${world.at(namespace)}/machines/${id}/pause`)
      return id
    })
    return { path: { machine }, after: () => keepMachine(world, namespace, machine) }
  },
  extendMachine: async (world, namespace, chance) => {
    const machine = await spareMachine(world, namespace)
    const timeoutMs = chance.pick([60_000, 3_600_000, 30 * 86_400_000])
    return { path: { machine }, body: { timeoutMs }, after: () => keepMachine(world, namespace, machine) }
  },
  getLogs: (world, namespace) => ({ path: { machine: world.machine(namespace) }, endless: true }),
  getMachine: onMachine,
  getReceipt: onMachine,
  getMachineStats: onMachine,
  listExecs: onMachine,
  listPorts: onMachine,
  runExec: (world, namespace, chance) => ({
    path: { machine: world.machine(namespace) },
    body: {
      argv: chance.pick([['echo', 'hello', 'ünï🔥'], ['true'], ['false'], ['hostname'], ['exit', '7']]),
      env: {},
      cwd: undefined,
      user: undefined,
      encoding: 'utf8',
      timeoutMs: chance.int(1000, 600_000),
    },
  }),
  askPort: (world, namespace) => ({ path: { machine: world.machine(namespace), port: 8080 } }),
}

const templateRecipes: Readonly<Record<string, Recipe>> = {
  getTemplate: (_world, _namespace, chance) => ({ path: { template: chance.pick(['base', 'base@1']) } }),
  watchTemplate: () => ({ path: { template: 'base' }, endless: true }),
  buildTemplate: (world, _namespace, chance) => {
    const name = world.name()
    const body = {
      ...newTemplate(name),
      egress: chance.pick(['none', 'open']),
      env: { A: chance.word() },
      ready: chance.pick([undefined, { command: ['true'] }]),
    }
    const remove = () => world.send('DELETE', `/v1/templates/${name}`)
    return { query: { wait: 30 }, body, after: async () => void (await remove()) }
  },
  removeTemplate: async (world) => {
    const name = world.name()
    await world.ask('POST', '/v1/templates?wait=30', newTemplate(name))
    return { path: { template: name } }
  },
}

const namespaceRecipes: Readonly<Record<string, Recipe>> = {
  createNamespace: (world) => {
    const name = world.name()
    return { body: { name }, after: () => world.keep('namespaces', name, '/v1/namespaces/*') }
  },
  getNamespace: () => ({ path: { namespace: 'fuzz' } }),
  getUsage: () => none,
  changeNamespace: async (world) => {
    const namespace = await spareNamespace(world)
    return { path: { namespace }, after: () => world.keep('namespaces', namespace, '/v1/namespaces/*') }
  },
  removeNamespace: async (world) => ({ path: { namespace: await spareNamespace(world) } }),
}

function newTemplate(name: string): Fields {
  const resources = { vcpus: 1, memoryMiB: 256, diskMiB: 2048 }
  return { name, source: 'builtin:base', start: undefined, ready: undefined, resources, env: {} }
}

function spareNamespace(world: World): Promise<string> {
  return world.spare('namespaces', async () => String((await world.ask('POST', '/v1/namespaces', { name: world.name() })).name))
}

const eventRecipes: Readonly<Record<string, Recipe>> = {
  watchEvents: (_world, _namespace, chance) => ({
    query: { namespace: undefined },
    ...(chance.odds(0.5) && { headers: { 'last-event-id': String(chance.int(0, 1000)) } }),
    endless: true,
  }),
}

const recipes: Readonly<Record<string, Recipe>> = {
  ...machineRecipes,
  ...templateRecipes,
  ...namespaceRecipes,
  ...eventRecipes,
  ...snapshotRecipes,
  ...fileRecipes,
  ...keyRecipes,
  ...poolRecipes,
}

/** How to ask for that kind of operation; where the schema says everything there is nothing to add. */
export function recipeOf(kind: string): Recipe {
  return recipes[kind] ?? (() => none)
}
