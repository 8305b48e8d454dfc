import { type LifeTime, withLifeTime } from './life-time.ts'
import { Machine, MachineRef } from './machine.ts'
import type { Cancellable, Repeatable } from './options.ts'
import { type Listing, listing } from './page.ts'
import type { Launch } from './requests.ts'
import type { MachineResource } from './resources.ts'
import { labelQuery, parted, type Scope } from './scope.ts'

/**
 * What a launch may ask for beside its template; none of it costs the fast path but `resources`.
 *
 * ```ts
 * const options: LaunchOptions = {
 *   name: 'blue',
 *   env: { COLOUR: 'blue' },
 *   secrets: { TOKEN: 'never shown again' },
 *   labels: { team: 'a' },
 *   lifeTimeMs: 600_000,
 * }
 * await using machine = await hearth.launch('python', options)
 * assert.equal(machine.name, 'blue')
 * ```
 */
export interface LaunchOptions extends Omit<Launch, 'template' | 'snapshot' | 'timeoutMs' | 'onTimeout'>, LifeTime, Repeatable {}

/**
 * Which machines are meant.
 *
 * ```ts
 * const filter: MachineFilter = { state: ['running', 'paused'], labels: { team: 'a' } }
 * for await (const machine of hearth.machines.list(filter)) console.log(machine.id)
 * ```
 */
export interface MachineFilter {
  /** Also those that have ended. */
  readonly all?: boolean
  readonly state?: MachineResource['state'] | readonly MachineResource['state'][]
  readonly name?: string
  /** Without a version: of all its versions. */
  readonly template?: string
  readonly driver?: string
  /** Every one must agree. */
  readonly labels?: Readonly<Record<string, string>>
  /** How many one page holds; 100 when absent, 1000 at most. */
  readonly limit?: number
}

/**
 * The machines of one namespace, newest first: `for await` reads the live ones.
 *
 * ```ts
 * const machines: Machines = hearth.machines
 * for await (const machine of machines) console.log(machine.id, machine.state)
 * assert.equal((await machines.get(machine.id)).id, machine.id)
 * ```
 */
export class Machines implements AsyncIterable<Machine> {
  readonly #scope: Scope

  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** Asks for a machine of a template, `NAME` or `NAME@VERSION`, and resolves when it is yours. An aborted launch leaves nothing. */
  async launch(template: string, options: LaunchOptions = {}): Promise<Machine> {
    const { call, rest } = parted(options)
    const body = { template, ...withLifeTime(rest) } satisfies Launch
    return new Machine(this.#scope, await this.#scope.post(this.#scope.path('machines'), body, call))
  }

  /** The live machines, or those that fit. */
  list(filter: MachineFilter & Cancellable = {}): Listing<Machine> {
    const { signal, timeoutMs, labels, state, ...rest } = filter
    const query = { ...rest, state: several(state), label: labelQuery(labels) }
    const ask = (cursor: string | undefined) =>
      this.#scope.page<MachineResource>(this.#scope.path('machines'), query, cursor, { signal, timeoutMs })
    return listing(ask, (data) => new Machine(this.#scope, data))
  }

  [Symbol.asyncIterator](): AsyncGenerator<Machine, void, undefined> {
    return this.list()[Symbol.asyncIterator]()
  }

  /** One machine, by id or name. @throws HearthApiError `machine_not_found` */
  get(ref: string, options: Cancellable = {}): Promise<Machine> {
    return this.ref(ref).get(options)
  }

  /** A handle by id or name, without asking the server whether it exists. */
  ref(ref: string): MachineRef {
    return new MachineRef(this.#scope, ref)
  }
}

function several(state: MachineFilter['state']): readonly string[] | undefined {
  return state === undefined ? undefined : [state].flat()
}
