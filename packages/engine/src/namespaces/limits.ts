import { HearthError, type Name, type Namespace, namespaceNotFound, type Snapshot } from '@hearth/model'
import type { Context } from '../context.ts'

/** @throws HearthError `namespace_not_found` */
export async function mustExist(context: Pick<Context, 'store'>, name: Name): Promise<Namespace> {
  const namespace = await context.store.namespaces.get(name)
  if (!namespace) throw namespaceNotFound(name)
  return namespace
}

/** Runs `work` in a namespace that is not removed meanwhile. @throws HearthError `namespace_not_found` */
export async function inNamespace<T>(
  context: Pick<Context, 'store' | 'namespaceUses'>,
  name: Name,
  work: (namespace: Namespace) => Promise<T>,
): Promise<T> {
  if (context.namespaceUses.isLeaving(name)) throw namespaceNotFound(name)
  const letGo = context.namespaceUses.hold(name)
  try {
    return await work(await mustExist(context, name))
  } finally {
    letGo()
  }
}

/**
 * Inserts the row of one more user snapshot, of `sizeBytes` when that is known already. One at a time for each namespace,
 * so that two cannot both be the last that fits; of two servers that were as quick as each other both are refused.
 * @throws HearthError `namespace_not_found`, `limit_reached`
 */
export function insertWithinLimits(
  context: Context,
  name: Name,
  { sizeBytes = 0 }: { readonly sizeBytes?: number },
  insert: () => Promise<Snapshot>,
): Promise<Snapshot> {
  return inNamespace(context, name, (namespace) =>
    context.turns.insist(`snapshots of ${name}`, async () => {
      const { count, bytes } = await context.store.snapshots.usage(name)
      if (count >= namespace.snapshotLimit) throw tooMany(namespace, count)
      const { snapshotBytesLimit: limit } = namespace
      if (limit !== undefined && (bytes >= limit || bytes + sizeBytes > limit)) throw tooLarge(namespace, bytes, sizeBytes)
      const row = await insert()
      const after = await context.store.snapshots.usage(name)
      if (after.count <= namespace.snapshotLimit) return row
      await context.rows.snapshots.remove(row.id)
      throw tooMany(namespace, after.count - 1)
    }),
  )
}

/** Refuses a snapshot of which only now is known how large it is. @throws HearthError `limit_reached` */
export async function mustHaveRoom(context: Pick<Context, 'store'>, name: Name, sizeBytes: number): Promise<void> {
  const namespace = await context.store.namespaces.get(name)
  if (namespace?.snapshotBytesLimit === undefined) return
  const { bytes } = await context.store.snapshots.usage(name)
  if (bytes + sizeBytes > namespace.snapshotBytesLimit) throw tooLarge(namespace, bytes, sizeBytes)
}

const hint = 'Remove snapshots that are not needed, or ask for a higher limit.'

function tooMany({ name, snapshotLimit: limit }: Namespace, count: number): HearthError {
  return new HearthError('limit_reached', `namespace ${name} has ${count} snapshots, and its limit is ${limit}`, {
    hint,
    details: { namespace: name, limit: 'snapshotLimit', allowed: limit, used: count },
  })
}

function tooLarge({ name, snapshotBytesLimit: limit }: Namespace, used: number, wanted: number): HearthError {
  const more = wanted > 0 ? ` and ${wanted} more are wanted` : ''
  return new HearthError('limit_reached', `the snapshots of namespace ${name} take ${used} bytes${more}; its limit is ${limit}`, {
    hint,
    details: { namespace: name, limit: 'snapshotBytesLimit', allowed: limit, used, wanted },
  })
}
