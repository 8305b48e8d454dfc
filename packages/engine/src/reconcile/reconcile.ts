import type { TemplateRef } from '@hearth/model'
import type { Context } from '../context.ts'
import { settlePending } from '../idempotency/resolve-pending.ts'
import { eraseSnapshot } from '../snapshots/erase-snapshot.ts'
import { attempt } from '../time/background.ts'
import type { Found } from './plan-machines.ts'
import { reconcileMachines } from './reconcile-machines.ts'
import { reconcileSnapshots } from './reconcile-snapshots.ts'
import type { ReconcileReport } from './report.ts'

/** Machines first, for they hold snapshots; then snapshots, for they hold templates. */
export async function reconcile(context: Context): Promise<ReconcileReport> {
  const found: Found[] = []
  for (const driver of context.drivers.all) {
    // A driver that cannot look at its host keeps its rows as they are; the other drivers' machines are served all the same.
    await attempt(context.log, `adopt the machines of ${driver.name}`, async () => {
      found.push({ driver: driver.name, machines: await driver.adopt() })
    })
  }
  const machines = await reconcileMachines(context, found)
  const snapshots = await reconcileSnapshots(context, new Set(found.map((each) => each.driver)))
  const templates = await reconcileTemplates(context)
  // Last: what became of a request is what its rows say now.
  const forgotten = await settlePending(context)
  context.log.info('reconcile.done', {
    adopted: machines.adopted.length,
    lost: machines.lost.length,
    rolledBack: machines.rolledBack.length,
    orphans: machines.orphans.length,
    snapshots: snapshots.length,
    templates: templates.length,
    forgottenRequests: forgotten,
  })
  return { ...machines, snapshots, templates }
}

async function reconcileTemplates(context: Context): Promise<TemplateRef[]> {
  const touched: TemplateRef[] = []
  for (const { ref, state, host } of await context.rows.templates.list()) {
    if (host !== context.host) continue
    if (state !== 'building' && state !== 'deleting') continue
    touched.push(ref)
    await attempt(context.log, `settle ${ref}`, () => removeContent(context, ref))
    if (state === 'deleting') await attempt(context.log, `forget ${ref}`, () => context.rows.templates.remove(ref))
    else await attempt(context.log, `mark ${ref} failed`, () => markFailed(context, ref))
  }
  return touched
}

async function removeContent(context: Context, ref: TemplateRef): Promise<void> {
  for (const snapshot of await context.store.snapshots.byTemplate(ref)) await eraseSnapshot(context, snapshot)
  for (const driver of context.drivers.all) await driver.removeTemplate(ref)
}

function markFailed(context: Context, ref: TemplateRef): Promise<unknown> {
  return context.rows.templates.change(ref, () => ({ state: 'failed', failure: 'the server ended during the build' }))
}
