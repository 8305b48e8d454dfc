import type { Pool, Snapshot, Template } from '@hearth/model'
import { eraseSnapshot } from '../snapshots/erase-snapshot.ts'
import { makeTemplateSnapshot } from '../templates/template-snapshot.ts'
import { attempt } from '../time/background.ts'
import type { PoolContext } from './pool-context.ts'
import type { EntrySource } from './pool-runtime.ts'

/** Whether the snapshot that a pool's entries come from has grown too old. */
export function isStale(pool: Pool, { manifest }: Pick<EntrySource, 'manifest'>, now: number): boolean {
  return now - manifest.createdAt >= pool.settings.snapshotMaxAgeMs
}

/**
 * Makes a new snapshot of a template while the old one goes on serving. The new one counts only once a test restore of it answered,
 * so a version that cannot be booted any more leaves everything as it was.
 */
export function refreshSnapshot(context: PoolContext, template: Template, signal: AbortSignal): Promise<Snapshot> {
  return context.turns.take(`template ${template.name}`, [signal, context.background.ending], (within) => {
    const driver = context.drivers.of(template.driver)
    return makeTemplateSnapshot(context, driver, template, { progress: () => undefined, signal: within })
  })
}

/** Removes template snapshots that a newer one has replaced and that nothing lives from any more. */
export async function retireSnapshots(context: PoolContext, template: Pick<Template, 'ref'>): Promise<void> {
  const own = (await context.store.snapshots.byTemplate(template.ref)).filter(
    (each) => each.kind === 'template' && each.host === context.host && each.state === 'ready',
  )
  const [, ...older] = own.sort((a, b) => b.createdAt - a.createdAt)
  for (const snapshot of older) {
    if (!context.snapshotUses.isIdle(snapshot.id) || (await context.store.snapshots.children(snapshot.id)).length > 0) continue
    if (!context.snapshotUses.beginRemoval(snapshot.id)) continue
    try {
      await attempt(context.log, `retire ${snapshot.id}`, () => eraseSnapshot(context, snapshot))
    } finally {
      context.snapshotUses.endRemoval(snapshot.id)
    }
  }
}
