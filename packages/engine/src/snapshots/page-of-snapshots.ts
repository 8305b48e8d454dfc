import {
  looksLikeMachineId,
  type MachineId,
  type Name,
  type Page,
  parseMachineId,
  parseSnapshotId,
  parseTemplateRef,
  type Snapshot,
  type SnapshotFilter as StoredFilter,
} from '@hearth/model'
import type { Context } from '../context.ts'
import { whole } from '../input/checks.ts'
import { findMachine } from '../machines/find-machine.ts'
import { longestPage } from '../machines/page-of-machines.ts'
import type { SnapshotFilter, SnapshotQuery } from './engine-snapshots.ts'

const usualPage = 100

/** Snapshots of one namespace that fit, newest first. */
export async function pageOfSnapshots(context: Context, namespace: Name, query: SnapshotQuery): Promise<Page<Snapshot>> {
  const { limit = usualPage, cursor, ...filter } = query
  const wanted = whole(limit, { min: 1, max: longestPage }, 'limit')
  const stored = await storedFilter(context, namespace, filter)
  return context.store.snapshots.page(stored, { limit: wanted, ...(cursor !== undefined && { cursor }) })
}

async function storedFilter(context: Context, namespace: Name, filter: SnapshotFilter): Promise<StoredFilter> {
  const { machine, template, parent, ...same } = filter
  if (template !== undefined) parseTemplateRef(template)
  return {
    ...same,
    namespace,
    ...(machine !== undefined && { source: await sourceOf(context, namespace, machine) }),
    ...(template !== undefined && { template }),
    ...(parent !== undefined && { parent: parseSnapshotId(parent, 'parent') }),
  }
}

/** The snapshots of a machine outlive its row, so an id is taken as it is. */
async function sourceOf(context: Context, namespace: Name, machine: string): Promise<MachineId> {
  return looksLikeMachineId(machine) ? parseMachineId(machine) : (await findMachine(context, namespace, machine)).id
}
