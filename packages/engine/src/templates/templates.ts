import { HearthError, liveMachineStates, type Name, parseTemplateRef, type Template } from '@hearth/model'
import type { Context } from '../context.ts'
import { onceOnly } from '../idempotency/once.ts'
import { eraseSnapshot } from '../snapshots/erase-snapshot.ts'
import { buildTemplate, withSnapshot } from './build-template.ts'
import { checkTemplate } from './check-template.ts'
import type { BuildOptions, EngineTemplates, TemplateBegun, TemplateRequest } from './engine-templates.ts'
import { findTemplate } from './find-template.ts'
import { templateTurn } from './template-turn.ts'

const silent = () => undefined

/** Recipes and their versions. */
export class Templates implements EngineTemplates {
  readonly #context: Context

  constructor(context: Context) {
    this.#context = context
  }

  async build(request: TemplateRequest, options?: BuildOptions): Promise<Template> {
    const { done } = await this.begin(request, options)
    return done
  }

  async begin(request: TemplateRequest, options: BuildOptions = {}): Promise<TemplateBegun> {
    const spec = checkTemplate(request)
    const { progress = silent, noCache = false, signal: cancel, idempotency } = options
    const begun = Promise.withResolvers<Template>()
    const order = { spec, progress, noCache, idempotency, begun: begun.resolve }
    const build = (signal: AbortSignal) => buildTemplate(this.#context, order, signal)
    const done = onceOnly(this.#context, idempotency, () => this.#turn(spec.name, cancel, build))
    done.catch(begun.reject)
    return { template: await begun.promise, done }
  }

  async list(): Promise<Template[]> {
    const rows = await this.#context.rows.templates.list()
    return rows.sort((a, b) => a.name.localeCompare(b.name) || b.version - a.version)
  }

  async show(ref: string): Promise<Template> {
    const { name, version } = parseTemplateRef(ref)
    return findTemplate(this.#context, name, version)
  }

  async remove(ref: string): Promise<void> {
    const { name, version } = parseTemplateRef(ref)
    await this.#turn(name, undefined, async () => {
      const template = await findTemplate(this.#context, name, version)
      const doomed = version === undefined ? await this.#context.store.templates.versions(name) : [template]
      const { templateUses } = this.#context
      for (const { ref } of doomed) templateUses.beginRemoval(ref)
      try {
        // All are checked before the first goes.
        for (const each of doomed) await this.#refuseUsed(each)
        for (const each of doomed) await this.#erase(each)
      } finally {
        for (const { ref } of doomed) templateUses.endRemoval(ref)
      }
    })
  }

  /** Mends a template whose snapshot was found damaged. */
  async mend(ref: Template['ref'], ending: AbortSignal): Promise<void> {
    const { name } = parseTemplateRef(ref)
    await this.#turn(name, ending, async (signal) => {
      const template = await this.#context.rows.templates.find(ref)
      if (template?.state !== 'ready') return
      await withSnapshot(this.#context, this.#context.drivers.first, template, silent, signal)
    })
  }

  #turn<T>(name: Name, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#context.turns.take(templateTurn(name), [signal, this.#context.background.ending], work)
  }

  async #refuseUsed(template: Template): Promise<void> {
    const { templateUses, store, host } = this.#context
    const live = await store.machines.page({ template: template.ref, states: liveMachineStates }, { limit: 50 })
    const elsewhere = live.items.filter((each) => each.host !== host).map((each) => each.id)
    const machines = [...templateUses.of(template.ref), ...elsewhere]
    const snapshots = await this.#context.store.snapshots.byTemplate(template.ref)
    const kept = snapshots.filter((each) => each.kind !== 'template' && each.state !== 'failed')
    if (machines.length === 0 && kept.length === 0) return
    const what = `${machines.length} live machines and ${kept.length} snapshots are of it`
    throw new HearthError('template_in_use', `template ${template.ref} is in use: ${what}`, {
      hint: 'End the machines and remove the snapshots first.',
      details: { machines: machines.slice(0, 50), snapshots: kept.slice(0, 50).map((each) => each.id) },
    })
  }

  async #erase(template: Template): Promise<void> {
    const { rows, store, drivers, failpoint } = this.#context
    const { ref } = template
    await rows.templates.change(ref, (now) => (now.state === 'deleting' ? undefined : { state: 'deleting' }), template)
    failpoint('remove_template.deleting')
    for (const snapshot of await store.snapshots.byTemplate(ref)) await eraseSnapshot(this.#context, snapshot)
    for (const driver of drivers.all) await driver.removeTemplate(ref)
    failpoint('remove_template.files_gone')
    await rows.templates.remove(ref)
    this.#context.log.info('template.removed', { template: ref })
  }
}
