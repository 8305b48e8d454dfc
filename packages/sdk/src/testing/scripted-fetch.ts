import type { Fetch, FetchInit, FetchResponse } from '../fetch.ts'

/** One answer of a scripted server. */
export interface Answer {
  readonly status?: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The connection breaks: before the head, or behind the body. */
  readonly breaks?: 'at once' | 'behind the body'
}

/** A `fetch` that gives one answer after the other, the last one again and again, and records what was asked. */
export function scriptedFetch(answers: readonly Answer[]) {
  const asked: { readonly url: string; readonly init: FetchInit }[] = []
  const fetch: Fetch = async (url, init) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? {}
    asked.push({ url, init })
    init.signal?.throwIfAborted()
    if (answer.breaks === 'at once') throw new TypeError('fetch failed')
    return response(answer)
  }
  return { fetch, asked }
}

function response({ status = 200, body = '', headers = {}, breaks }: Answer): FetchResponse {
  return {
    ok: status < 300,
    status,
    headers: { get: (name) => headers[name] ?? null },
    body: bytes(body, breaks !== undefined),
    async text() {
      if (breaks) throw new TypeError('terminated')
      return body
    },
  }
}

async function* bytes(body: string, breaks: boolean): AsyncGenerator<Uint8Array, void, undefined> {
  if (body !== '') yield new TextEncoder().encode(body)
  if (breaks) throw new TypeError('terminated')
}
