import type { Cancellable, Repeatable } from './options.ts'
import type { PoolRolloutStart, PoolScaleQuery, PoolSet } from './requests.ts'
import type { PoolResource, PoolRolloutResource, PoolScalePlan, PoolStats } from './resources.ts'
import { parted, repeatable } from './scope.ts'
import { apiPath, type Transport } from './transport.ts'

/** The longest that a server holds an answer back, in seconds. */
const longestWaitSeconds = 600

/**
 * What a pool is to be, and for which revision of it that is meant.
 *
 * ```ts
 * const { rev } = await hearth.pools.set('python', { settings: { min: 1, max: 2 } })
 * const change: PoolOptions = { settings: { min: 2 }, ifRev: rev }
 * assert.equal((await hearth.pools.update('python', change)).settings.min, 2)
 * await hearth.pools.remove('python')
 * ```
 */
export interface PoolOptions extends PoolSet, Cancellable {
  /** Only when nobody else changed it since. */
  readonly ifRev?: number | undefined
}

/**
 * The pools of a server: machines that run already when somebody asks for one. They belong to all its namespaces.
 *
 * ```ts
 * const pools: Pools = hearth.pools
 * await pools.set('python', { settings: { min: 1, max: 2 } })
 * await pools.warm('python')
 * await using warm = await hearth.launch('python', { boot: 'warm', env: { WHO: 'me' } })
 * assert.equal(warm.data.boot?.method, 'warm')
 * const { hitRatio, counters } = await pools.stats('python')
 * assert.deepEqual([hitRatio, counters.hits], [1, 1])
 * for await (const { name, stats } of pools) console.log(name, stats.depth, stats.refill)
 * await pools.drain('python')
 * await pools.remove('python')
 * ```
 */
export class Pools implements AsyncIterable<PoolResource> {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** By name. */
  async list(options: Cancellable = {}): Promise<PoolResource[]> {
    const { items } = await this.#transport.json<{ items: PoolResource[] }>('GET', path(), options)
    return items
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<PoolResource, void, undefined> {
    yield* await this.list()
  }

  /** @throws HearthApiError `pool_not_found` */
  get(name: string, options: Cancellable = {}): Promise<PoolResource> {
    return this.#transport.json('GET', path(name), options)
  }

  /** How it stands, and what it has done since the server started. */
  stats(name: string, options: Cancellable = {}): Promise<PoolStats> {
    return this.#transport.json('GET', path(name, 'stats'), options)
  }

  /**
   * Makes a pool, or makes it anew: what is absent takes its default, and without a template the pool's name is the template's.
   * @throws HearthApiError `template_not_found`, `precondition_failed`
   */
  set(name: string, options: PoolOptions = {}): Promise<PoolResource> {
    const { ifRev, signal, timeoutMs, ...json } = options
    return this.#transport.json('PUT', path(name), { json, headers: matching(ifRev), signal, timeoutMs })
  }

  /** Changes what is named; the rest stays. @throws HearthApiError `pool_not_found`, `precondition_failed` */
  update(name: string, options: PoolOptions): Promise<PoolResource> {
    const { ifRev, signal, timeoutMs, ...json } = options
    return this.#transport.json('PATCH', path(name), { json, headers: matching(ifRev), signal, timeoutMs })
  }

  /** Fills it up to `max`; resolves when it is full, or with how far it is after `waitSeconds` (600 when absent). */
  warm(name: string, options: Cancellable & { readonly waitSeconds?: number | undefined } = {}): Promise<PoolResource> {
    const { waitSeconds = longestWaitSeconds, signal, timeoutMs } = options
    const query = { wait: waitSeconds }
    return this.#transport.json('POST', path(name, 'warm'), { query, signal, timeoutMs: timeoutMs ?? (waitSeconds + 60) * 1000 })
  }

  /** Ends its machines that nobody has claimed; none are made until it is set or updated. */
  drain(name: string, options: Cancellable = {}): Promise<PoolResource> {
    return this.#transport.json('POST', path(name, 'drain'), options)
  }

  /** Removes it, and ends its machines that nobody has claimed. */
  remove(name: string, options: Cancellable = {}): Promise<void> {
    return this.#transport.done('DELETE', path(name), options)
  }

  /** Begins to try a new template version on canaries; it takes over when they were validated. */
  startRollout(
    name: string,
    version: number,
    options: Omit<PoolRolloutStart, 'version'> & Repeatable = {},
  ): Promise<PoolResource> {
    const { call, rest } = parted(options)
    return this.#transport.json('POST', path(name, 'rollout'), { ...repeatable(call), json: { version, ...rest } })
  }

  /** How far the rollout is, or how the last one ended. @throws HearthApiError `not_found` when there was none */
  rollout(name: string, options: Cancellable = {}): Promise<PoolRolloutResource> {
    return this.#transport.json('GET', path(name, 'rollout'), options)
  }

  /** The pool is made of what it was made of before. @throws HearthApiError `state_conflict` when nothing is rolled out */
  abortRollout(name: string, options: Cancellable = {}): Promise<PoolResource> {
    return this.#transport.json('POST', path(name, 'rollout', 'abort'), options)
  }

  /** What autoscale would do now, and how that would have served the launches that were recorded; changes nothing. */
  planScale(name: string, options: PoolScaleQuery & Cancellable = {}): Promise<PoolScalePlan> {
    const { signal, timeoutMs, ...query } = options
    return this.#transport.json('GET', path(name, 'autoscale'), { query, signal, timeoutMs })
  }
}

function path(...parts: string[]): string {
  return apiPath('pools', ...parts)
}

function matching(rev: number | undefined): Record<string, string> {
  return rev === undefined ? {} : { 'if-match': `"${rev}"` }
}
