import type { MachineQuery, SnapshotQuery } from '@hearth/engine'
import type { machineQuerySchema, snapshotQuerySchema } from '@hearth/protocol'
import type * as z from 'zod'

/** Which machines are asked for, as the engine knows it. */
export function machineQuery(query: z.output<typeof machineQuerySchema>): MachineQuery {
  const { all, state, name, template, driver, label, limit, cursor } = query
  return {
    all,
    limit,
    ...(state !== undefined && { states: state }),
    ...(name !== undefined && { name }),
    ...(template !== undefined && { template }),
    ...(driver !== undefined && { driver }),
    ...(label !== undefined && { labels: label }),
    ...(cursor !== undefined && { cursor }),
  }
}

/** Which snapshots are asked for, as the engine knows it. */
export function snapshotQuery(query: z.output<typeof snapshotQuerySchema>): SnapshotQuery {
  const { machine, template, kind, state, tag, label, parent, pinned, createdAfter, createdBefore, limit, cursor } = query
  return {
    limit,
    ...(machine !== undefined && { machine }),
    ...(template !== undefined && { template }),
    ...(kind !== undefined && { kinds: kind }),
    ...(state !== undefined && { states: state }),
    ...(tag !== undefined && { tag }),
    ...(label !== undefined && { labels: label }),
    ...(parent !== undefined && { parent }),
    ...(pinned !== undefined && { pinned }),
    ...(createdAfter !== undefined && { createdAfter: Date.parse(createdAfter) }),
    ...(createdBefore !== undefined && { createdBefore: Date.parse(createdBefore) }),
    ...(cursor !== undefined && { cursor }),
  }
}
