import {
  HearthError,
  isHearthError,
  type Pool,
  type Snapshot,
  type SnapshotManifest,
  type Template,
  templateRef,
} from '@hearth/model'
import type { PoolContext } from './pool-context.ts'

type From = Pick<PoolContext, 'store' | 'host'>

/** What new entries of a pool are made of. */
export interface EntrySource {
  readonly template: Template
  readonly manifest: SnapshotManifest
}

/** The template version of a pool and its newest snapshot that is ready here. @throws HearthError saying what is missing */
export async function sourceOf(context: From, pool: Pool): Promise<EntrySource> {
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

/** As `sourceOf`, or `undefined`: refill says what is missing. */
export async function sourceIfAny(context: From, pool: Pool): Promise<EntrySource | undefined> {
  try {
    return await sourceOf(context, pool)
  } catch (error) {
    if (isHearthError(error, 'template_not_found', 'snapshot_not_ready')) return undefined
    throw error
  }
}

/** The newest ready template snapshot of `template` on this host. */
async function newestSnapshot(context: From, template: Pick<Template, 'ref'>): Promise<Snapshot | undefined> {
  const all = await context.store.snapshots.byTemplate(template.ref, 'template')
  return all.filter((each) => each.state === 'ready' && each.host === context.host).sort((a, b) => b.createdAt - a.createdAt)[0]
}
