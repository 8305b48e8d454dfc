import { HearthError, liveMachineStates, type Name } from '@hearth/model'
import type { Context } from '../context.ts'

const pageLimit = 500

/**
 * Forgets what has ended there, so that a later namespace of the same name begins empty.
 * @throws HearthError `namespace_in_use` while machines live there or snapshots are kept
 */
export async function emptyNamespace(context: Context, name: Name): Promise<void> {
  const { store, rows } = context
  const live = await store.machines.live({ namespace: name })
  const snapshots = await store.snapshots.where({ namespace: name })
  const kept = snapshots.filter((each) => each.state !== 'failed')
  if (live.length > 0 || kept.length > 0) throw inUse(name, live, kept)
  for (const { id } of snapshots) await rows.snapshots.remove(id)
  for (;;) {
    const { items } = await store.machines.page({ namespace: name }, { limit: pageLimit })
    if (items.some(({ state }) => liveMachineStates.some((each) => each === state))) throw inUse(name, items, [])
    for (const { id } of items) await rows.machines.remove(id)
    if (items.length < pageLimit) return
  }
}

type Rows = readonly { readonly id: string }[]

function inUse(name: Name, machines: Rows, snapshots: Rows): HearthError {
  const what = `${machines.length} live machines and ${snapshots.length} snapshots are in it`
  return new HearthError('namespace_in_use', `namespace ${name} is in use: ${what}`, {
    hint: 'End the machines and remove the snapshots first.',
    details: { machines: idsOf(machines), snapshots: idsOf(snapshots) },
  })
}

function idsOf(rows: Rows): string[] {
  return rows.slice(0, 50).map((each) => each.id)
}
