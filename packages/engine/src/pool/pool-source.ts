import { HearthError, type Pool, type Snapshot, type Template, templateRef } from '@hearth/model'
import type { PoolContext } from './pool-context.ts'
import type { EntrySource } from './pool-runtime.ts'

/** The template version of a pool and its newest snapshot that is ready here. @throws HearthError saying what is missing */
export async function sourceOf(context: Pick<PoolContext, 'store' | 'host'>, pool: Pool): Promise<EntrySource> {
  const ref = templateRef(pool.template, pool.version)
  const template = await context.store.templates.get(ref)
  if (!template) throw new HearthError('template_not_found', `pool ${pool.name} is made of ${ref}, which is not there`)
  const snapshot = await newestSnapshot(context, template)
  if (!snapshot?.manifest) {
    throw new HearthError('snapshot_not_ready', `${ref} has no snapshot that is ready here`, {
      hint: `Build the template again: "hearth template build ${pool.template} …".`,
    })
  }
  return { template, manifest: snapshot.manifest }
}

/** The newest ready template snapshot of `template` on this host. */
export async function newestSnapshot(
  context: Pick<PoolContext, 'store' | 'host'>,
  template: Pick<Template, 'ref'>,
): Promise<Snapshot | undefined> {
  const all = await context.store.snapshots.byTemplate(template.ref)
  return all
    .filter((each) => each.kind === 'template' && each.state === 'ready' && each.host === context.host)
    .sort((a, b) => b.createdAt - a.createdAt)[0]
}
