import type { Fetch, FetchInit, FetchResponse } from '../fetch.ts'

interface Recorded {
  readonly url: string
  readonly init: FetchInit
}

/** A `fetch` that answers with what the test says and records what was asked. */
export function fakeFetch(answer: {
  readonly status?: number
  readonly body?: string | string[]
  readonly headers?: Record<string, string>
}) {
  const asked: Recorded[] = []
  const fetch: Fetch = async (url, init) => {
    asked.push({ url, init })
    init.signal?.throwIfAborted()
    return response(answer)
  }
  return { fetch, asked }
}

function response({ status = 200, body = '', headers = {} }: Parameters<typeof fakeFetch>[0]): FetchResponse {
  const chunks = [body].flat()
  return {
    ok: status < 300,
    status,
    headers: { get: (name) => headers[name] ?? null },
    body: chunksOf(chunks),
    text: async () => chunks.join(''),
  }
}

async function* chunksOf(chunks: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const chunk of chunks) yield new TextEncoder().encode(chunk)
}
