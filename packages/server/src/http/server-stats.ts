import type { Machine } from '@hearth/model'
import type { ServerStats } from '@hearth/protocol'
import type { Caller } from '../auth/caller.ts'
import type { RouteParts } from './http-parts.ts'
import { timeView } from './views/time-view.ts'

/** What the server holds now, as far as `caller` may see it. */
export async function serverStats({ engine, store, clock, system }: RouteParts, caller: Caller): Promise<ServerStats> {
  const names = (await engine.namespaces.list()).map(({ name }) => name).filter((name) => caller.sees(name))
  const namespaces = await Promise.all(names.map(async (name) => ({ name, ...(await engine.namespaces.usage(name)) })))
  const live = (await store.machines.live()).filter(({ namespace }) => caller.sees(namespace))
  const now = clock.now()
  return {
    at: timeView(now),
    uptimeMs: Math.max(0, now - system.startedAt),
    residentBytes: process.memoryUsage.rss(),
    machines: byState(live),
    snapshots: {
      count: namespaces.reduce((sum, { snapshots }) => sum + snapshots, 0),
      bytes: namespaces.reduce((sum, { snapshotBytes }) => sum + snapshotBytes, 0),
    },
    templates: (await engine.templates.list()).length,
    namespaces,
  }
}

function byState(machines: readonly Machine[]): ServerStats['machines'] {
  const count = (state: Machine['state']) => machines.filter((each) => each.state === state).length
  return { starting: count('starting'), running: count('running'), paused: count('paused'), stopping: count('stopping') }
}
