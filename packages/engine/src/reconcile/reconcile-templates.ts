import { parseTemplateRef, type Template, type TemplateRef } from '@hearth/model'
import type { Context } from '../context.ts'
import { eraseSnapshot } from '../snapshots/erase-snapshot.ts'
import { templateTurn } from '../templates/template-turn.ts'
import { attempt } from '../time/background.ts'

/**
 * Settles templates whose build or removal was cut short, and removes what no row knows from the hosts of the drivers that `looked`.
 * Whatever is being worked on is left alone. Returns what was not as it should be.
 */
export async function reconcileTemplates(context: Context, looked: ReadonlySet<string>): Promise<TemplateRef[]> {
  const touched: TemplateRef[] = []
  const settle = async (ref: TemplateRef, work: () => Promise<boolean>) => {
    const turn = templateTurn(parseTemplateRef(ref).name)
    if (context.turns.isBusy(turn)) return
    await attempt(context.log, `settle template ${ref}`, async () => {
      if (await context.turns.take(turn, [context.background.ending], work)) touched.push(ref)
    })
  }
  const rows = await context.rows.templates.list()
  for (const { ref, state, host } of rows) {
    if (host === context.host && (state === 'building' || state === 'deleting')) await settle(ref, () => finish(context, ref))
  }
  const known = new Set(rows.map((row) => row.ref))
  for (const driver of context.drivers.all.filter((each) => looked.has(each.name))) {
    for (const ref of await driver.listTemplates()) {
      if (!known.has(ref)) await settle(ref, () => dropUnknown(context, driver.name, ref))
    }
  }
  return touched
}

/** In the template's turn, where nobody else works on it: a row that is still half done was left so. */
async function finish(context: Context, ref: TemplateRef): Promise<boolean> {
  const row = await context.rows.templates.find(ref)
  if (row?.state !== 'building' && row?.state !== 'deleting') return false
  context.log.info('reconcile.template', { template: ref, state: row.state })
  for (const snapshot of await context.store.snapshots.byTemplate(ref)) await eraseSnapshot(context, snapshot)
  for (const driver of context.drivers.all) await driver.removeTemplate(ref)
  await (row.state === 'deleting' ? context.rows.templates.remove(ref) : markFailed(context, row))
  return true
}

function markFailed(context: Context, row: Template): Promise<unknown> {
  return context.rows.templates.change(row.ref, () => ({ state: 'failed', failure: 'the server ended during the build' }), row)
}

async function dropUnknown(context: Context, driver: string, ref: TemplateRef): Promise<boolean> {
  if (await context.rows.templates.find(ref)) return false
  context.log.info('reconcile.template', { template: ref, state: 'unknown' })
  await context.drivers.of(driver).removeTemplate(ref)
  return true
}
