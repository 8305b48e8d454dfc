import { HearthApiError, HearthConnectionError } from './errors.ts'
import type { Cancellable, Repeatable } from './options.ts'
import type { TemplateBuild } from './requests.ts'
import type { BuildProgress, Problem, TemplateResource } from './resources.ts'
import { parted, repeatable } from './scope.ts'
import { parseEvents } from './server-sent-events.ts'
import { apiPath, type Transport } from './transport.ts'

/**
 * What a template is built from, and who is told of its progress.
 *
 * ```ts
 * const steps: string[] = []
 * const options: BuildOptions = { resources: { memoryMiB: 512 }, onProgress: ({ step }) => steps.push(step) }
 * const template = await hearth.templates.build('small', 'builtin:base', options)
 * assert.equal(template.state, 'ready')
 * ```
 */
export interface BuildOptions extends Omit<TemplateBuild, 'name' | 'source'>, Repeatable {
  readonly onProgress?: ((progress: BuildProgress) => void) | undefined
}

/**
 * The templates of a server; they belong to all its namespaces.
 *
 * ```ts
 * const templates: Templates = hearth.templates
 * const { ref } = await templates.build('service', 'builtin:base', { start: ['sleep', '3600'] })
 * assert.equal((await templates.get('service')).ref, ref)
 * for await (const template of templates) console.log(template.ref, template.state)
 * await templates.remove(ref)
 * ```
 */
export class Templates implements AsyncIterable<TemplateResource> {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Builds a template and resolves to its newest version, the same as before when nothing changed.
   * `source` is `builtin:base`, `debian:SUITE?include=PKG,PKG`, `tar:/path` or `dir:/path`, on the server.
   * An aborted build is cancelled and leaves nothing.
   */
  async build(name: string, source: string, options: BuildOptions = {}): Promise<TemplateResource> {
    const { onProgress, ...sent } = options
    const { call, rest } = parted(sent)
    const template = await this.#begin({ name, source, ...rest }, call)
    if (template.state !== 'building') return template
    try {
      return await this.#follow(template.ref, call, onProgress)
    } catch (error) {
      if (call.signal?.aborted) await this.remove(template.ref)
      throw error
    }
  }

  /** All versions, newest first. */
  async list(options: Cancellable = {}): Promise<TemplateResource[]> {
    const { items } = await this.#transport.json<{ items: TemplateResource[] }>('GET', this.#path(), options)
    return items
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TemplateResource, void, undefined> {
    yield* await this.list()
  }

  /** One template, `NAME` (the newest) or `NAME@VERSION`. @throws HearthApiError `template_not_found` */
  get(ref: string, options: Cancellable = {}): Promise<TemplateResource> {
    return this.#transport.json('GET', this.#path(ref), options)
  }

  /** Deletes one version, `NAME@VERSION`, or all of a name; one that is being built is cancelled. @throws HearthApiError `template_in_use` */
  remove(ref: string, options: Cancellable = {}): Promise<void> {
    return this.#transport.done('DELETE', this.#path(ref), options)
  }

  #begin(json: TemplateBuild, call: Repeatable): Promise<TemplateResource> {
    return this.#transport.json('POST', this.#path(), { ...repeatable(call), json })
  }

  async #follow(ref: string, { signal }: Repeatable, onProgress: BuildOptions['onProgress']): Promise<TemplateResource> {
    const headers = { accept: 'text/event-stream' }
    const stream = await this.#transport.stream('GET', this.#path(ref, 'events'), { headers, signal })
    for await (const { event, data } of parseEvents(stream)) {
      if (data === undefined) continue
      if (event === 'done') return JSON.parse(data) as TemplateResource
      if (event === 'problem') throw new HearthApiError(JSON.parse(data) as Problem)
      if (event === 'progress') onProgress?.(JSON.parse(data) as BuildProgress)
    }
    throw new HearthConnectionError('the server ended the build without saying how it went')
  }

  #path(...parts: string[]): string {
    return apiPath('templates', ...parts)
  }
}
