import type { Engine } from '@hearth/engine'
import { HearthError, isHearthError, type StateStore, type Template, type TemplateRef } from '@hearth/model'
import { EventNews } from '../events/event-news.ts'
import type { ServerSentEvent } from '../sse.ts'
import { templateView } from '../views/template-view.ts'
import type { Builds } from './build.ts'

/** A build in another server tells nothing of its steps; its row is looked at this often. */
const lookEveryMs = 5000

export interface FollowParts {
  readonly engine: Pick<Engine, 'templates'>
  readonly store: Pick<StateStore, 'events'>
  readonly builds: Builds
}

/** `progress` while a template is being built, then `done`. @throws HearthError with why it was not built */
export async function* followBuild(parts: FollowParts, ref: TemplateRef, signal: AbortSignal): AsyncGenerator<ServerSentEvent> {
  const build = parts.builds.of(ref)
  if (build) for await (const data of build.progress(signal)) yield { event: 'progress', data }
  if (build?.failure) throw build.failure
  const template = await settled(parts, ref, signal)
  if (template) yield { event: 'done', data: templateView(template) }
}

/** The template once it is built; nothing when nobody listens any more. */
async function settled({ engine, store }: FollowParts, ref: TemplateRef, signal: AbortSignal): Promise<Template | undefined> {
  const news = new EventNews(store.events)
  try {
    while (!signal.aborted) {
      news.look()
      const template = await shown(engine, ref)
      if (template.state === 'ready') return template
      if (template.state !== 'building') throw notBuilt(template)
      await news.next(lookEveryMs, signal)
    }
    return undefined
  } finally {
    news.close()
  }
}

async function shown(engine: FollowParts['engine'], ref: TemplateRef): Promise<Template> {
  try {
    return await engine.templates.show(ref)
  } catch (error) {
    // A cancelled build leaves nothing.
    if (isHearthError(error, 'template_not_found')) throw new HearthError('cancelled', `the build of ${ref} was cancelled`)
    throw error
  }
}

function notBuilt({ ref, state, failure }: Template): HearthError {
  return new HearthError('build_failed', failure ?? `template ${ref} is ${state}`, { details: { template: ref } })
}
