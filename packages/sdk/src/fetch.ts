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

/** What `fetch` is given. */
export interface FetchInit {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string | Uint8Array | Blob | ReadableStream<Uint8Array>
  readonly signal?: AbortSignal
  /** Must be said for a body that is a stream. */
  readonly duplex?: 'half'
}

/** What `fetch` must answer. */
export interface FetchResponse {
  readonly ok: boolean
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: ByteStream | null
  text(): Promise<string>
}
