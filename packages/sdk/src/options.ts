import type { Fetch } from './fetch.ts'
import type { WebSocketClass } from './web-socket.ts'

/**
 * How a server is reached.
 *
 * ```ts
 * const options: HearthOptions = { ...connection, timeoutMs: 30_000, maxRetries: 5 }
 * const { version } = await new Hearth(options).system.get()
 * ```
 */
export interface HearthOptions {
  /** Where the server is, `http://127.0.0.1:7070`. */
  readonly baseUrl: string
  /** Sent with every request; not needed on the server's own unix socket. */
  readonly apiKey?: string | undefined
  /** The namespace that `launch`, `machines` and `snapshots` mean; `default` when absent. */
  readonly namespace?: string | undefined
  /** A request that is not answered by then fails, its repetitions included; 10 minutes when absent, 0: never. */
  readonly timeoutMs?: number | undefined
  /** How often a request that can be repeated without harm is tried again; 3 when absent. */
  readonly maxRetries?: number | undefined
  /** Default: the platform's. */
  readonly fetch?: Fetch | undefined
  /** Default: the platform's. */
  readonly WebSocket?: WebSocketClass | undefined
}

/**
 * Whatever can take long can be stopped.
 *
 * ```ts
 * const options: Cancellable = { signal: AbortSignal.timeout(30_000), timeoutMs: 10_000 }
 * await hearth.system.get(options)
 * ```
 */
export interface Cancellable {
  /** Stops it; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Other than the client's. */
  readonly timeoutMs?: number | undefined
}

/**
 * What makes something has one effect however often it is tried: each call has a key of its own, or the one given here.
 *
 * ```ts
 * const once: Repeatable = { idempotencyKey: 'order-4711' }
 * const first = await hearth.launch('python', once)
 * const again = await hearth.launch('python', once)
 * assert.equal(again.id, first.id)
 * await first.remove()
 * ```
 */
export interface Repeatable extends Cancellable {
  /** 1 to 255 visible ASCII characters; the same key and request have the same answer. */
  readonly idempotencyKey?: string | undefined
}

/** What the environment says of a server. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Options from HEARTH_SERVER (unless `given`), HEARTH_API_KEY and HEARTH_NAMESPACE. @throws TypeError without a server */
export function optionsFromEnv(env: Environment, given?: string): HearthOptions {
  const { HEARTH_SERVER: server, HEARTH_API_KEY: apiKey, HEARTH_NAMESPACE: namespace } = env
  const baseUrl = given ?? server
  if (!baseUrl) throw new TypeError('HEARTH_SERVER is not set; it says where the server is, such as http://127.0.0.1:7070')
  return { baseUrl, ...(apiKey ? { apiKey } : {}), ...(namespace ? { namespace } : {}) }
}

/** The server's address without a slash at its end. @throws TypeError when it is none */
export function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '') {
    return text.replace(/\/+$/, '')
  }
  throw new TypeError(
    `baseUrl: "${text}" is not the address of a server, such as http://127.0.0.1:7070 or https://hearth.example`,
  )
}

/** @throws TypeError when a header cannot carry it; the message never shows it */
export function checkApiKey(apiKey: string | undefined): string | undefined {
  if (apiKey === undefined || /^[\x21-\x7e]{1,512}$/.test(apiKey)) return apiKey
  throw new TypeError('apiKey: not a key; it holds spaces, line ends or other characters that no key has')
}
