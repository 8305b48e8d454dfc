import {
  type BuiltImage,
  HearthError,
  isHearthError,
  type MachineDriver,
  messageOf,
  type Progress,
  type Template,
  type TemplateRef,
  type TemplateSpec,
  templateRef,
} from '@hearth/model'
import type { Context } from '../context.ts'
import { recordOf } from '../idempotency/once.ts'
import { mustHaveEgress } from '../machines/must-have-egress.ts'
import type { NewRecord } from '../rows/new-record.ts'
import { dependents, eraseSnapshot } from '../snapshots/erase-snapshot.ts'
import { abortOr, throwIfAborted } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { contentDigest } from './content-digest.ts'
import { makeTemplateSnapshot } from './template-snapshot.ts'

export interface BuildOrder {
  readonly spec: TemplateSpec
  readonly progress: Progress
  readonly noCache: boolean
  readonly idempotency: NewRecord | undefined
  /** Told of the version's row once it is there. */
  readonly begun: (template: Template) => void
}

/** The next version of a template, or the newest when nothing has changed. One build of a name at a time: the caller holds its turn. */
export async function buildTemplate(context: Context, order: BuildOrder, signal: AbortSignal): Promise<Template> {
  const { spec, progress, noCache } = order
  const driver = context.drivers.first
  mustHaveEgress(driver, spec.egress)
  progress('reading the source')
  const digest = contentDigest(driver.name, await driver.sourceDigest(spec.source, { signal }), spec)
  throwIfAborted(signal)
  const versions = await context.store.templates.versions(spec.name)
  const newest = versions.find((each) => each.state === 'ready')
  if (!noCache && newest?.contentDigest === digest) {
    order.begun(newest)
    return withSnapshot(context, driver, newest, progress, signal)
  }

  await forgetFailures(context, versions)
  const version = (versions[0]?.version ?? 0) + 1
  const ref = templateRef(spec.name, version)
  const fresh: Omit<Template, 'rev'> = {
    ref,
    name: spec.name,
    version,
    state: 'building',
    driver: driver.name,
    host: context.host,
    spec,
    contentDigest: digest,
    createdAt: context.clock.now(),
  }
  const row = await context.rows.templates.insert(fresh, recordOf(order.idempotency, 'template', ref))
  context.failpoint('build.row_written')
  order.begun(row)
  try {
    return await build(context, driver, row, progress, signal)
  } catch (caught) {
    const error = abortOr(caught, signal)
    await undo(context, driver, ref, error)
    throw buildError(ref, error)
  }
}

/** Boots from the image must work before anything is published as ready, with or without memory snapshots. */
async function build(
  context: Context,
  driver: MachineDriver,
  row: Template,
  progress: Progress,
  signal: AbortSignal,
): Promise<Template> {
  const { ref, spec } = row
  const image: BuiltImage = await driver.build(ref, spec.source, spec.resources, { signal, progress })
  context.failpoint('build.image_made')
  throwIfAborted(signal)
  await driver.publishTemplate(ref, { ref, spec, contentDigest: row.contentDigest, createdAt: row.createdAt, image })
  context.failpoint('build.image_published')
  if (driver.capabilities.memorySnapshots) await makeTemplateSnapshot(context, driver, row, { progress, signal })
  context.failpoint('build.proven')
  throwIfAborted(signal)
  const ready = await context.rows.templates.change(ref, () => ({ state: 'ready' }), row)
  context.log.info('template.ready', { template: ref })
  return ready
}

/** A version that lost its snapshot gets a new one, so that building again is what mends it. */
export async function withSnapshot(
  context: Context,
  driver: MachineDriver,
  template: Template,
  progress: Progress,
  signal: AbortSignal,
): Promise<Template> {
  if (!driver.capabilities.memorySnapshots) return template
  const all = await context.store.snapshots.byTemplate(template.ref, 'template')
  const own = all.filter((each) => each.host === context.host)
  if (own.some((each) => each.state === 'ready')) return template
  await makeTemplateSnapshot(context, driver, template, { progress, signal })
  for (const damaged of own.filter((each) => each.state === 'quarantined' && context.snapshotUses.isIdle(each.id))) {
    // The layers of those that build on it lie in its files, and not all of them need be damaged.
    if (damaged.pinned || (await dependents(context, damaged.id)).length > 0) continue
    await attempt(context.log, `remove ${damaged.id}`, () => eraseSnapshot(context, damaged))
  }
  return template
}

/** Only the last failure is kept for people to read. */
async function forgetFailures(context: Context, versions: readonly Template[]): Promise<void> {
  for (const { ref } of versions.filter((each) => each.state === 'failed')) await context.rows.templates.remove(ref)
}

async function undo(context: Context, driver: MachineDriver, ref: TemplateRef, error: unknown): Promise<void> {
  const { log, rows, store } = context
  for (const snapshot of await store.snapshots.byTemplate(ref)) {
    await attempt(log, `remove ${snapshot.id}`, () => eraseSnapshot(context, snapshot))
  }
  await attempt(log, `remove ${ref}`, () => driver.removeTemplate(ref))
  log.warn('template.failed', { template: ref, failure: messageOf(error) })
  if (isHearthError(error, 'cancelled')) await attempt(log, `forget ${ref}`, () => rows.templates.remove(ref))
  else
    await attempt(log, `mark ${ref} failed`, () =>
      rows.templates.change(ref, () => ({ state: 'failed', failure: messageOf(error) })),
    )
}

/** Errors that say enough go out as they are; all else is a build that failed. */
function buildError(ref: TemplateRef, error: unknown): HearthError {
  if (isHearthError(error) && error.code !== 'internal') return error
  return new HearthError('build_failed', `template ${ref} could not be built: ${messageOf(error)}`, { cause: error })
}
