import type { ByteStream } from './bytes.ts'
import { asProblem, HearthApiError, HearthConnectionError } from './errors.ts'
import type { WebSocketClass } from './web-socket.ts'

/** The part of `fetch` that is used; the platform's own fits. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>

export interface FetchInit {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string | Uint8Array | Blob | ReadableStream<Uint8Array>
  readonly signal?: AbortSignal
  /** Must be said for a body that is a stream. */
  readonly duplex?: 'half'
}

export interface FetchResponse {
  readonly ok: boolean
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: ByteStream | null
  text(): Promise<string>
}

export interface HearthOptions {
  /** Where the server is, `http://127.0.0.1:7070`. */
  readonly baseUrl: string
  /** Default: the platform's. */
  readonly fetch?: Fetch
  /** Default: the platform's. */
  readonly WebSocket?: WebSocketClass
}

/** Whatever can take long can be stopped. */
export interface Cancellable {
  readonly signal?: AbortSignal
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>

export interface RequestOptions extends Cancellable {
  readonly query?: Query
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is. */
  readonly body?: FetchInit['body']
}

/** Sends requests to one server and turns every refusal into a HearthApiError. */
export class Transport {
  readonly #baseUrl: string
  readonly #fetch: Fetch
  readonly #webSocket: WebSocketClass | undefined

  constructor(options: HearthOptions) {
    this.#baseUrl = options.baseUrl.replace(/\/+$/, '')
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init as RequestInit) as Promise<FetchResponse>)
    this.#webSocket = options.WebSocket ?? (globalThis.WebSocket as WebSocketClass | undefined)
  }

  /** The answer, once its head is there. @throws HearthApiError, HearthConnectionError, or the signal's reason */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<FetchResponse> {
    const response = await this.#attempt(method, path, options)
    if (!response.ok) throw await errorOf(response)
    return response
  }

  /** The answer's body as JSON. */
  async json<T>(method: string, path: string, options?: RequestOptions): Promise<T> {
    const response = await this.send(method, path, options)
    const text = await response.text()
    try {
      return JSON.parse(text) as T
    } catch (error) {
      throw new HearthConnectionError(`the answer to ${method} ${path} is not JSON`, { cause: error })
    }
  }

  /** For answers without content. */
  async done(method: string, path: string, options?: RequestOptions): Promise<void> {
    const response = await this.send(method, path, options)
    await response.text()
  }

  /** The answer's body as it comes. */
  async stream(method: string, path: string, options?: RequestOptions): Promise<ByteStream> {
    const { body } = await this.send(method, path, options)
    if (!body) throw new HearthConnectionError(`the answer to ${method} ${path} has no content`)
    return body
  }

  /** The class and the address for a WebSocket to `path`. */
  socket(path: string): { WebSocket: WebSocketClass; url: string } {
    if (!this.#webSocket) {
      throw new HearthConnectionError('this platform has no WebSocket; hand one to Hearth: new Hearth({ baseUrl, WebSocket })')
    }
    return { WebSocket: this.#webSocket, url: this.#baseUrl.replace(/^http/, 'ws') + path }
  }

  async #attempt(method: string, path: string, options: RequestOptions): Promise<FetchResponse> {
    const { query, json, body, signal } = options
    const content = json === undefined ? body : JSON.stringify(json)
    const init: FetchInit = {
      method,
      headers: { accept: 'application/json', ...(content === undefined ? {} : { 'content-type': contentType(json) }) },
      ...(content === undefined ? {} : { body: content }),
      ...(typeof content === 'object' && content instanceof ReadableStream ? { duplex: 'half' } : {}),
      ...(signal ? { signal } : {}),
    }
    try {
      return await this.#fetch(this.#baseUrl + path + queryText(query), init)
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw new HearthConnectionError(`no answer from the server at ${this.#baseUrl}`, { cause: error })
    }
  }
}

/** A path of the API; every part is escaped. */
export function apiPath(...parts: readonly (string | number)[]): string {
  return ['/v1', ...parts.map((part) => encodeURIComponent(part))].join('/')
}

function contentType(json: unknown): string {
  return json === undefined ? 'application/octet-stream' : 'application/json'
}

function queryText(query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

async function errorOf(response: FetchResponse): Promise<Error> {
  const text = await response.text()
  const problem = asProblem(parseOrNothing(text))
  if (problem) return new HearthApiError(problem)
  return new HearthConnectionError(`the server answered ${response.status}: ${text.slice(0, 200) || 'without a word'}`)
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
