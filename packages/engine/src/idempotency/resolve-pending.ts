import { type IdempotencyRecord, isHearthError, type Machine, type Snapshot, type SnapshotId, type Template } from '@hearth/model'
import type { Context } from '../context.ts'

/** What became of a request whose answer was never kept. */
export type PendingOutcome =
  /** Somebody works on it, or a server that is not this one may. */
  | { readonly kind: 'in_progress' }
  /** Nothing came of it: the record is gone, and the same request can be done as if for the first time. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'machine'; readonly machine: Machine }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'template'; readonly template: Template }
  /** Those clones that came to be; the others failed, or their server died. */
  | { readonly kind: 'fork'; readonly snapshotId: SnapshotId; readonly machines: readonly Machine[] }

/** A fork has at most 50 clones; one page holds them. */
const mostClones = 1000

/** Says what a pending record's request has made, from the rows alone; a record of which nothing came is removed. */
export async function resolvePending(context: Context, record: IdempotencyRecord): Promise<PendingOutcome> {
  if (context.underway.has(record.id)) return { kind: 'in_progress' }
  const outcome = await outcomeOf(context, record)
  if (outcome.kind !== 'nothing') return outcome
  return forget(context, record)
}

/** At start: requests that died with an earlier server without effect may be made again. Resolves to how many. */
export async function settlePending(context: Context): Promise<number> {
  let forgotten = 0
  for (const record of await context.store.idempotency.pending(context.host)) {
    const { kind } = await resolvePending(context, record)
    if (kind === 'nothing') forgotten++
  }
  return forgotten
}

async function outcomeOf(context: Context, record: IdempotencyRecord): Promise<PendingOutcome> {
  const { resource } = record
  switch (resource?.kind) {
    case undefined:
      return record.host === context.host ? { kind: 'nothing' } : { kind: 'in_progress' }
    case 'machine':
      return ofMachine(await context.rows.machines.find(resource.id as Machine['id']))
    case 'snapshot':
      return ofSnapshot(await context.rows.snapshots.find(resource.id as SnapshotId))
    case 'template':
      return ofTemplate(await context.rows.templates.find(resource.id as Template['ref']))
    case 'fork':
      return ofFork(context, record, resource.id as SnapshotId)
  }
}

function ofMachine(machine: Machine | undefined): PendingOutcome {
  if (machine?.state === 'starting') return { kind: 'in_progress' }
  // What has been handed over has a boot report, also when it has ended since.
  return machine?.boot ? { kind: 'machine', machine } : { kind: 'nothing' }
}

function ofSnapshot(snapshot: Snapshot | undefined): PendingOutcome {
  if (snapshot?.state === 'creating') return { kind: 'in_progress' }
  return snapshot?.manifest ? { kind: 'snapshot', snapshot } : { kind: 'nothing' }
}

function ofTemplate(template: Template | undefined): PendingOutcome {
  if (template?.state === 'building') return { kind: 'in_progress' }
  return template && template.state !== 'failed' ? { kind: 'template', template } : { kind: 'nothing' }
}

async function ofFork(context: Context, record: IdempotencyRecord, snapshotId: SnapshotId): Promise<PendingOutcome> {
  const snapshot = await context.rows.snapshots.find(snapshotId)
  // Whether another server still makes clones of it cannot be told from here.
  if (snapshot && (snapshot.state === 'creating' || record.host !== context.host)) return { kind: 'in_progress' }
  const { items } = await context.store.machines.page({ restoredFrom: snapshotId }, { limit: mostClones })
  const machines = items.filter((each) => each.boot)
  return machines.length > 0 ? { kind: 'fork', snapshotId, machines } : { kind: 'nothing' }
}

async function forget(context: Context, record: IdempotencyRecord): Promise<PendingOutcome> {
  try {
    await context.store.idempotency.delete(record.id, record.rev)
    return { kind: 'nothing' }
  } catch (error) {
    if (!isHearthError(error, 'store_conflict')) throw error
    // Somebody else has decided meanwhile; asking again tells what.
    return { kind: 'in_progress' }
  }
}
