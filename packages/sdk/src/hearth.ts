import { type EventOptions, followEvents } from './events.ts'
import { Keys } from './keys.ts'
import { Namespace } from './namespace.ts'
import { Namespaces } from './namespaces.ts'
import { type Environment, type HearthOptions, optionsFromEnv } from './options.ts'
import { Pools } from './pools.ts'
import type { HearthEvent } from './resources.ts'
import { SystemInfo } from './system.ts'
import { Templates } from './templates.ts'
import { apiPath, Transport } from './transport.ts'

/**
 * A client of one Hearth server, for Node and browsers. What it does without more words is done in the namespace `default`;
 * `in` speaks of another one.
 *
 * ```ts
 * const hearth = new Hearth({ baseUrl: connection.baseUrl, apiKey: connection.apiKey })
 * await using machine = await hearth.launch('python', { env: { NAME: 'world' } })
 * const { stdout } = await machine.exec('sh', ['-c', 'echo "Hello, $NAME"'])
 * assert.equal(stdout, 'Hello, world\n')
 * const snapshot = await machine.snapshot({ tag: 'greeted' })
 * await using again = await hearth.snapshots.restore(snapshot.id)
 * ```
 *
 * Refusals are HearthApiErrors with a stable `code`; no answer is a HearthConnectionError. Whatever can take long takes a
 * `signal`. Requests that can be repeated without harm are, when the server is busy or the connection broke.
 */
export class Hearth extends Namespace {
  readonly templates: Templates
  readonly namespaces: Namespaces
  readonly pools: Pools
  readonly keys: Keys
  readonly system: SystemInfo
  readonly #transport: Transport

  constructor(options: HearthOptions) {
    const transport = new Transport(options)
    super(transport, options.namespace ?? 'default')
    this.#transport = transport
    this.templates = new Templates(transport)
    this.namespaces = new Namespaces(transport)
    this.pools = new Pools(transport)
    this.keys = new Keys(transport)
    this.system = new SystemInfo(transport)
  }

  /** A client as HEARTH_SERVER, HEARTH_API_KEY and HEARTH_NAMESPACE say; `options` has the last word. */
  static fromEnv(env: Environment = platformEnv(), options: Partial<HearthOptions> = {}): Hearth {
    return new Hearth({ ...optionsFromEnv(env, options.baseUrl), ...options })
  }

  /** The same server, in another namespace. */
  in(namespace: string): Namespace {
    return new Namespace(this.#transport, namespace)
  }

  /** What changes state in all namespaces that the key may see, or in those named. See `Namespace.events`. */
  override events(
    options: EventOptions & { readonly namespaces?: readonly string[] | undefined } = {},
  ): AsyncGenerator<HearthEvent, void, undefined> {
    const { namespaces, ...rest } = options
    return followEvents(this.#transport, apiPath('events'), { ...rest, namespace: namespaces })
  }
}

/** Empty where a platform has none, as in a browser. */
function platformEnv(): Environment {
  const { process } = globalThis as { readonly process?: { readonly env?: Environment } }
  return process?.env ?? {}
}
