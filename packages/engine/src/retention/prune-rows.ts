import type { Context } from '../context.ts'
import type { RetentionReport } from './engine-retention.ts'

/** A server that dies while it prunes lets go after this. */
const leaseMs = 10 * 60_000
const lease = 'cleaner'

/** Forgets rows that are over and old, by one server of a database at a time; `undefined` when another is at it. */
export async function pruneRows(context: Context): Promise<RetentionReport['forgotten']> {
  const { store, clock, host, options } = context
  const now = clock.now()
  if (!(await store.leases.take(lease, host, now + leaseMs, now))) return undefined
  try {
    const forgotten = {
      machines: await store.machines.pruneEnded(now - options.endedRowsKeptMs),
      events: await store.events.prune(now - options.eventsKeptMs),
      audit: await store.audit.prune(now - options.auditKeptMs),
      idempotency: await store.idempotency.prune(now - options.idempotencyKeptMs),
    }
    await store.compact()
    return forgotten
  } finally {
    await store.leases.release(lease, host)
  }
}
