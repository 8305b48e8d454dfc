import type { BuildLine, TemplateBuild, TemplateResource } from '@hearth/protocol'
import { HearthApiError, HearthConnectionError } from './errors.ts'
import { readLines } from './lines.ts'
import { apiPath, type Cancellable, type Transport } from './transport.ts'

export type BuildProgress = Omit<Extract<BuildLine, { type: 'progress' }>, 'type'>

export class Templates {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Builds a template and resolves to its newest version, the same as before when nothing changed.
   * An aborted build is cancelled and leaves nothing.
   */
  async build(
    spec: TemplateBuild & Cancellable & { readonly onProgress?: (progress: BuildProgress) => void },
  ): Promise<TemplateResource> {
    const { onProgress, ...rest } = spec
    const steps = this.buildSteps(rest)
    for (;;) {
      const step = await steps.next()
      if (step.done) return step.value
      onProgress?.(step.value)
    }
  }

  /** As `build`, telling each step; leaving the loop cancels the build. Returns the template. */
  async *buildSteps(spec: TemplateBuild & Cancellable): AsyncGenerator<BuildProgress, TemplateResource, undefined> {
    const { signal, ...json } = spec
    const stream = await this.#transport.stream('POST', apiPath('templates'), { json, ...(signal ? { signal } : {}) })
    for await (const text of readLines(stream)) {
      if (text === '') continue
      const line = JSON.parse(text) as BuildLine
      if (line.type === 'done') return line.template
      if (line.type === 'error') throw new HearthApiError(line.error)
      yield line.share === undefined ? { step: line.step } : { step: line.step, share: line.share }
    }
    throw new HearthConnectionError('the server ended the build without saying how it went')
  }

  async list(options?: Cancellable): Promise<TemplateResource[]> {
    const { items } = await this.#transport.json<{ items: TemplateResource[] }>('GET', apiPath('templates'), options)
    return items
  }

  /** One template, `NAME` (the newest) or `NAME@VERSION`. @throws HearthApiError `template_not_found` */
  get(ref: string, options?: Cancellable): Promise<TemplateResource> {
    return this.#transport.json('GET', apiPath('templates', ref), options)
  }

  /** Deletes one version, `NAME@VERSION`. @throws HearthApiError `template_in_use` */
  async remove(ref: string, options?: Cancellable): Promise<void> {
    await this.#transport.done('DELETE', apiPath('templates', ref), options)
  }
}
