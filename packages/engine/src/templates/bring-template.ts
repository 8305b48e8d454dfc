import { HearthError, type MachineDriver, type Template } from '@hearth/model'
import type { Context } from '../context.ts'
import { eraseSnapshot } from '../snapshots/erase-snapshot.ts'
import { attempt } from '../time/background.ts'
import { contentDigest } from './content-digest.ts'
import { makeTemplateSnapshot } from './template-snapshot.ts'
import { templateTurn } from './template-turn.ts'

/**
 * Makes a version that was built on another host here too, of the same source: with the same content, or not at all.
 * @throws HearthError `wrong_host` when the source is another one here, and whatever a build may throw
 */
export async function bringTemplate(context: Context, template: Template, signal: AbortSignal): Promise<void> {
  const signals = [signal, context.background.ending]
  await context.turns.take(templateTurn(template.name), signals, async (within) => {
    const driver = context.drivers.of(template.driver)
    if (!(await isHere(context, template))) await buildHere(context, driver, template, within)
    if (await ownSnapshot(context, template)) return
    const made = await makeTemplateSnapshot(context, driver, template, { progress: () => undefined, signal: within })
    // Its host may have removed it meanwhile, and knew nothing of this copy.
    if ((await context.rows.templates.find(template.ref))?.state !== 'ready') await eraseSnapshot(context, made)
    else context.log.info('template.brought', { template: template.ref, from: template.host })
  })
}

/** Whether machines of this version can be booted on this host. */
export async function isHere({ host, drivers }: Pick<Context, 'host' | 'drivers'>, template: Template): Promise<boolean> {
  if (template.host === host) return true
  return (await drivers.of(template.driver).listTemplates()).includes(template.ref)
}

async function ownSnapshot({ store, host }: Pick<Context, 'store' | 'host'>, { ref }: Template): Promise<boolean> {
  const all = await store.snapshots.byTemplate(ref, 'template')
  return all.some((each) => each.host === host && each.state === 'ready')
}

async function buildHere(context: Context, driver: MachineDriver, template: Template, signal: AbortSignal): Promise<void> {
  const { ref, spec, createdAt } = template
  const digest = contentDigest(driver.name, await sourceDigest(driver, template, signal), spec)
  if (digest !== template.contentDigest) throw elsewhere(template, 'its source on this host is not what it was made of')
  try {
    const image = await driver.build(ref, spec.source, spec.resources, { signal, progress: () => undefined })
    await driver.publishTemplate(ref, { ref, spec, contentDigest: digest, createdAt, image })
  } catch (error) {
    await attempt(context.log, `remove ${ref}`, () => driver.removeTemplate(ref))
    throw error
  }
}

async function sourceDigest(driver: MachineDriver, template: Template, signal: AbortSignal): Promise<string> {
  try {
    return await driver.sourceDigest(template.spec.source, { signal })
  } catch (error) {
    throw elsewhere(template, 'its source cannot be read on this host', error)
  }
}

function elsewhere({ ref, host }: Template, why: string, cause?: unknown): HearthError {
  return new HearthError('wrong_host', `template ${ref} is on host ${host}, and ${why}`, {
    hint: 'Build it on this host under another name, or leave its pool to that host.',
    details: { host },
    ...(cause !== undefined && { cause }),
  })
}
