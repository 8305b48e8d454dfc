import type { ByteStream } from './bytes.ts'
import { type Clock, systemClock } from './clock.ts'
import { Deadline } from './deadline.ts'
import { asProblem, HearthApiError, HearthConnectionError } from './errors.ts'
import type { Fetch, FetchInit, FetchResponse } from './fetch.ts'
import { newIdempotencyKey } from './idempotency-key.ts'
import { type Cancellable, checkApiKey, type HearthOptions, parseBaseUrl } from './options.ts'
import type { GivenUp } from './resources.ts'
import { defaultRetries, parseRetryAfter, pauseBeforeRetry, type RetryPolicy } from './retry.ts'
import type { WebSocketClass } from './web-socket.ts'

const defaultTimeoutMs = 600_000
/** How long whoever gives up waits until the server has undone what was begun. */
const giveUpLimitMs = 30_000

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

export interface RequestOptions extends Cancellable {
  readonly query?: Query | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is. */
  readonly body?: FetchInit['body']
  /** Gives the request an idempotency key, so that it can be tried again: this one, or with `true` one of its own. */
  readonly once?: string | true | undefined
  /** Whoever asks tries again by itself. */
  readonly oneTry?: boolean
}

interface Request {
  readonly method: string
  readonly url: string
  readonly init: Omit<FetchInit, 'signal'>
  readonly isRepeatable: boolean
  /** What is begun with a key goes on without us; when we give up, the server must hear of it. A caller's key is the caller's. */
  readonly ownKey: string | undefined
}

/** Sends requests to one server, tries again what may be tried again, and turns every refusal into a HearthApiError. */
export class Transport {
  readonly baseUrl: string
  readonly clock: Clock
  readonly retries: RetryPolicy
  readonly #apiKey: string | undefined
  readonly #timeoutMs: number
  readonly #fetch: Fetch
  readonly #webSocket: WebSocketClass | undefined

  constructor(options: HearthOptions, clock: Clock = systemClock) {
    this.baseUrl = parseBaseUrl(options.baseUrl)
    this.clock = clock
    this.retries = { ...defaultRetries, maxRetries: options.maxRetries ?? defaultRetries.maxRetries }
    this.#apiKey = checkApiKey(options.apiKey)
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init as RequestInit) as Promise<FetchResponse>)
    this.#webSocket = options.WebSocket ?? (globalThis.WebSocket as WebSocketClass | undefined)
  }

  /** The answer, once its head is there. @throws HearthApiError, HearthConnectionError, or the signal's reason */
  send(method: string, path: string, options: RequestOptions = {}): Promise<FetchResponse> {
    return this.#settle(method, path, options, async (response) => response)
  }

  /** The answer's body as JSON. */
  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    return (await this.answer<T>(method, path, options)).data
  }

  /** The answer's body as JSON, with its status and headers. */
  answer<T>(method: string, path: string, options: RequestOptions = {}): Promise<{ data: T; response: FetchResponse }> {
    return this.#settle(method, path, options, async (response) => {
      const text = await response.text()
      try {
        return { data: JSON.parse(text) as T, response }
      } catch (error) {
        throw new HearthConnectionError(`the answer to ${method} ${path} is not JSON`, { cause: error })
      }
    })
  }

  /** For answers without content. What a second try to delete does not find has been deleted by the first. */
  done(method: string, path: string, options: RequestOptions = {}): Promise<void> {
    return this.#settle(method, path, options, async (response) => {
      await response.text()
    })
  }

  /** The answer's body as it comes. */
  async stream(method: string, path: string, options: RequestOptions = {}): Promise<ByteStream> {
    const { body } = await this.send(method, path, options)
    if (!body) throw new HearthConnectionError(`the answer to ${method} ${path} has no content`)
    return body
  }

  /** The class and the address for a WebSocket to `path`; with a key, by a ticket: a WebSocket carries no header everywhere. */
  async socket(path: string, options: Cancellable = {}): Promise<{ WebSocket: WebSocketClass; url: string }> {
    if (!this.#webSocket) {
      throw new HearthConnectionError('this platform has no WebSocket; hand one to Hearth: new Hearth({ baseUrl, WebSocket })')
    }
    const url = this.baseUrl.replace(/^http/, 'ws') + path
    if (this.#apiKey === undefined) return { WebSocket: this.#webSocket, url }
    const { ticket } = await this.json<{ ticket: string }>('POST', apiPath('tickets'), { json: { path }, ...options })
    return { WebSocket: this.#webSocket, url: `${url}?ticket=${encodeURIComponent(ticket)}` }
  }

  async #settle<T>(
    method: string,
    path: string,
    options: RequestOptions,
    read: (response: FetchResponse) => Promise<T>,
  ): Promise<T> {
    const request = this.#request(method, path, options)
    const limitMs = options.timeoutMs ?? this.#timeoutMs
    const deadline = new Deadline(limitMs, options.signal)
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await read(await this.#attempt(request, deadline))
        } catch (error) {
          options.signal?.throwIfAborted()
          if (deadline.isOver) throw error
          if (attempt > 1 && method === 'DELETE' && isMissing(error)) return await read(nothingLeft)
          await this.#pause(request, asConnectionError(error), attempt, deadline.signal)
        }
      }
    } catch (error) {
      if (options.signal?.aborted || deadline.isOver) await this.#giveUp(request)
      throw deadline.isOver && !options.signal?.aborted ? tooLate(method, path, limitMs, error) : error
    } finally {
      deadline.end()
    }
  }

  /** Waits before the next try. @throws `error` when there is none */
  async #pause({ isRepeatable }: Request, error: unknown, attempt: number, signal: AbortSignal | undefined): Promise<void> {
    const pauseMs = isRepeatable ? pauseBeforeRetry(error, attempt, this.retries, this.clock.random()) : undefined
    if (pauseMs === undefined) throw error
    await this.clock.sleep(pauseMs, signal)
  }

  /** Has the server undo what was begun with a key of our own, and nobody waits for any more. */
  async #giveUp({ ownKey, init }: Request): Promise<void> {
    if (ownKey === undefined) return
    const { authorization } = init.headers
    const headers = { accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) }
    const ask = (path: string) =>
      this.#fetch(this.baseUrl + path, { method: 'DELETE', headers, signal: AbortSignal.timeout(giveUpLimitMs) })
    try {
      const answer = await ask(apiPath('idempotency', ownKey))
      const { done, location } = JSON.parse(await answer.text()) as GivenUp
      if (done && location !== undefined) await (await ask(location)).text()
    } catch {
      // Why it was given up is what the caller hears; a server that does not answer now undoes nothing.
    }
  }

  async #attempt({ url, init }: Request, deadline: Deadline): Promise<FetchResponse> {
    const { signal } = deadline
    const response = await this.#fetch(url, { ...init, ...(signal ? { signal } : {}) }).catch((cause: unknown) => {
      throw new HearthConnectionError(`no answer from the server at ${this.baseUrl}`, { cause, mayPass: true })
    })
    if (!response.ok) throw await errorOf(response, this.clock.now())
    return response
  }

  #request(method: string, path: string, { query, json, body, once, headers, oneTry = false }: RequestOptions): Request {
    const content = json === undefined ? body : JSON.stringify(json)
    const isStream = typeof content === 'object' && content instanceof ReadableStream
    const key = once === true ? newIdempotencyKey() : once
    const init = {
      method,
      headers: {
        accept: 'application/json',
        ...(content === undefined
          ? {}
          : { 'content-type': json === undefined ? 'application/octet-stream' : 'application/json' }),
        ...(this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...headers,
      },
      ...(content === undefined ? {} : { body: content }),
      ...(isStream ? { duplex: 'half' as const } : {}),
    }
    // A stream can be sent once; a POST without a key might have its effect twice.
    const isRepeatable =
      !oneTry && !isStream && (key !== undefined || method === 'GET' || method === 'PUT' || method === 'DELETE')
    return { method, url: this.baseUrl + path + queryText(query), init, isRepeatable, ownKey: once === true ? key : undefined }
  }
}

/** A path of the API; every part is escaped. */
export function apiPath(...parts: readonly (string | number)[]): string {
  return ['/v1', ...parts.map((part) => encodeURIComponent(part))].join('/')
}

function queryText(query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each) => [name, String(each)] as [string, string]),
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

async function errorOf(response: FetchResponse, now: number): Promise<Error> {
  const text = await response.text()
  const requestId = response.headers.get('x-request-id') ?? undefined
  const circumstances = { requestId, retryAfterMs: parseRetryAfter(response.headers.get('retry-after'), now) }
  const problem = asProblem(parseOrNothing(text))
  if (problem) return new HearthApiError(problem, circumstances)
  return new HearthConnectionError(`the server answered ${response.status}: ${text.slice(0, 200) || 'without a word'}`, {
    ...circumstances,
    mayPass: [502, 503, 504].includes(response.status),
  })
}

function tooLate(method: string, path: string, limitMs: number, cause: unknown): HearthConnectionError {
  return new HearthConnectionError(`no answer to ${method} ${path} within ${limitMs} ms`, { cause })
}

/** The answer to a second try to delete what the first has deleted. */
const nothingLeft: FetchResponse = { ok: true, status: 204, headers: { get: () => null }, body: null, text: async () => '' }

function isMissing(error: unknown): boolean {
  return error instanceof HearthApiError && error.status === 404
}

/** What broke while an answer was read. */
function asConnectionError(error: unknown): unknown {
  if (error instanceof HearthApiError || error instanceof HearthConnectionError) return error
  return new HearthConnectionError('the connection broke in the middle of an answer', { cause: error, mayPass: true })
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
