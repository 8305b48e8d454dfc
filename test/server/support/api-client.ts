import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export interface Answered {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** As JSON where it is JSON, else as text. */
  readonly body: unknown
}

export type Fields = Record<string, unknown>
export type Call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answered>

/** Asks the server of `home` over its unix socket. */
export function apiClient(home: string): Call {
  return async (method, path, body, headers = {}) => {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request({
        socketPath: join(home, 'hearth.sock'),
        method,
        path,
        agent: false,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      })
      asked.once('response', resolve)
      asked.once('error', reject)
      asked.end(body === undefined ? undefined : JSON.stringify(body))
    })
    const told = await text(answer)
    const isJson = told !== '' && /json/.test(answer.headers['content-type'] ?? '')
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: isJson ? JSON.parse(told) : told }
  }
}

/** `items` of a list. */
export function itemsOf({ body }: Answered): Fields[] {
  return (body as { items: Fields[] }).items
}
