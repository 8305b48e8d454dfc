import type { Failpoint } from '@hearth/model'
import type { Hearth, Machine } from '@hearth/sdk'
import { waitUntil } from '../../support/wait-until.ts'

/** What is asked of the server that dies; `prepare` is done before, by one that does not. */
export interface Death {
  readonly what: string
  readonly times?: number
  /** The launcher is killed with it, and its machines have no parent. */
  readonly launcherToo?: boolean
  readonly prepare?: (hearth: Hearth) => Promise<unknown>
  readonly act: (hearth: Hearth) => Promise<unknown>
  /** Asked of the next server, before it is looked at. */
  readonly after?: (hearth: Hearth) => Promise<unknown>
}

const victim = async (hearth: Hearth): Promise<Machine> => hearth.launch('base', { name: 'victim' })
const ofVictim = async (hearth: Hearth) => hearth.machines.get('victim')
const snapshotOf = async (hearth: Hearth, machine: string) => {
  for await (const { id } of hearth.snapshots.list({ machine })) return id
  throw new Error(`${machine} has no snapshot`)
}
const keptOf = (hearth: Hearth) => snapshotOf(hearth, 'keeper')

const launch: Death = { what: 'a launch', act: victim }
const coldBoot: Death = { what: 'a cold boot', act: (hearth) => hearth.launch('base', { boot: 'cold' }) }
const restore: Death = { what: 'a restore', act: async (hearth) => hearth.snapshots.restore(await keptOf(hearth)) }
const snapshot: Death = { what: 'a snapshot', prepare: victim, act: async (hearth) => (await ofVictim(hearth)).snapshot() }
const copy: Death = { what: 'a copy', act: async (hearth) => hearth.snapshots.copy(await keptOf(hearth)) }
const fork: Death = { what: 'a fork', prepare: victim, act: async (hearth) => (await ofVictim(hearth)).fork(3) }
const pause: Death = { what: 'a pause', prepare: victim, act: async (hearth) => (await ofVictim(hearth)).pause() }
const resume: Death = {
  what: 'a resume',
  prepare: async (hearth) => (await victim(hearth)).pause(),
  act: async (hearth) => (await ofVictim(hearth)).resume(),
}
const remove: Death = { what: 'the end of a machine', prepare: victim, act: async (hearth) => (await ofVictim(hearth)).remove() }
const removeSnapshot: Death = {
  what: 'the removal of a snapshot',
  prepare: async (hearth) => (await victim(hearth)).snapshot(),
  act: async (hearth) => hearth.snapshots.remove(await snapshotOf(hearth, 'victim')),
}
const build: Death = { what: 'a build', act: (hearth) => hearth.templates.build('doomed', 'builtin:base') }
const removeTemplate: Death = {
  what: 'the removal of a template',
  prepare: (hearth) => hearth.templates.build('doomed', 'builtin:base'),
  act: (hearth) => hearth.templates.remove('doomed'),
}

const size = { min: 2, max: 2 }
const fillPool = async (hearth: Hearth) => {
  await hearth.pools.set('base', { settings: size })
  await hearth.pools.warm('base')
}
/** The pool is back at its size by itself, and hands out machines that nobody had before. */
const poolIsBack = async (hearth: Hearth) => {
  await waitUntil('the pool to be full again', async () => (await hearth.pools.stats('base')).depth === size.max)
  const had: string[] = []
  for await (const { id } of hearth.machines.list({ all: true })) had.push(id)
  const machine = await hearth.launch('base', { boot: 'warm' })
  if (had.includes(machine.id)) throw new Error(`${machine.id} was handed out before`)
  await machine.remove()
  await hearth.pools.remove('base')
}
const refill: Death = { what: 'a refill', times: 2, act: fillPool, after: poolIsBack }
const claim: Death = {
  what: 'a claim',
  prepare: fillPool,
  act: (hearth) => hearth.launch('base', { boot: 'warm', name: 'victim' }),
  after: poolIsBack,
}

const withLauncher = (death: Death): Death => ({ ...death, what: `${death.what}, with its launcher`, launcherToo: true })

/** What reaches each step. */
export const deaths: Readonly<Record<Failpoint, readonly Death[]>> = {
  'launch.row_written': [launch, restore],
  'launch.machine_up': [launch, coldBoot, build],
  'launch.personalised': [launch],
  'launch.running': [launch],
  'machine.folder_made': [launch],
  'machine.memory_made': [coldBoot, build],
  'machine.spawned': [launch, restore, withLauncher(launch), withLauncher(build)],
  'machine.recorded': [launch],
  'snapshot.row_written': [snapshot],
  'snapshot.frozen': [snapshot],
  'snapshot.paused': [snapshot],
  'snapshot.captured': [snapshot, fork, withLauncher(snapshot)],
  'snapshot.written': [snapshot],
  'snapshot.published': [snapshot, build],
  'snapshot.ready': [snapshot],
  'copy.written': [copy],
  'copy.published': [copy],
  'fork.frozen': [fork],
  'fork.cloned': [{ ...fork, times: 2 }],
  'pause.stopped': [pause],
  'resume.going': [resume],
  'resume.fresh': [resume],
  'end.stopping': [remove, withLauncher(remove)],
  'end.killed': [remove],
  'end.destroyed': [remove],
  'remove_snapshot.deleting': [removeSnapshot],
  'remove_snapshot.files_gone': [removeSnapshot],
  'remove_template.deleting': [removeTemplate],
  'remove_template.files_gone': [removeTemplate],
  'pool.row_written': [refill],
  'pool.parked': [refill],
  'claim.taken': [claim],
  'claim.continued': [claim],
  'claim.personalised': [claim],
  'build.row_written': [build],
  'build.image_made': [build],
  'build.image_published': [build],
  'build.memory_kept': [build],
  'build.proven': [build],
}
