import type { ByteStream } from './bytes.ts'

/**
 * The part of `fetch` that is used; the platform's own fits.
 *
 * ```ts
 * const asked: string[] = []
 * const watching: Fetch = (url, init) => {
 *   asked.push(`${init.method} ${new URL(url).pathname}`)
 *   return fetch(url, init as RequestInit)
 * }
 * await new Hearth({ ...connection, fetch: watching }).system.get()
 * assert.deepEqual(asked, ['GET /v1/system'])
 * ```
 */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>

/**
 * What `fetch` is given.
 *
 * ```ts
 * const withTrace = (init: FetchInit): FetchInit => ({ ...init, headers: { ...init.headers, 'x-request-id': 'mine-1' } })
 * const tracing: Fetch = (url, init) => fetch(url, withTrace(init) as RequestInit)
 * await new Hearth({ ...connection, fetch: tracing }).system.get()
 * ```
 */
export interface FetchInit {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string | Uint8Array | Blob | ReadableStream<Uint8Array>
  readonly signal?: AbortSignal
  /** Must be said for a body that is a stream. */
  readonly duplex?: 'half'
}

/**
 * What `fetch` must answer.
 *
 * ```ts
 * const canned: FetchResponse = { ok: true, status: 200, headers: new Headers(), body: null, text: async () => '{"items":[]}' }
 * const nothing = new Hearth({ baseUrl: 'http://nowhere', fetch: async () => canned })
 * assert.deepEqual(await nothing.machines.list().toArray(), [])
 * ```
 */
export interface FetchResponse {
  readonly ok: boolean
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: ByteStream | null
  text(): Promise<string>
}
