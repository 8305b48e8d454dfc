import type { IncomingHttpHeaders } from 'node:http'

/** What a request offers to say who it is. */
export type Credential = { readonly kind: 'key' | 'ticket'; readonly secret: string }

/** The key or ticket of a request. Tickets count for WebSockets only: addresses are written down in too many places. */
export function credentialOf(url: string, headers: IncomingHttpHeaders): Credential | undefined {
  const [, bearer] = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '') ?? []
  if (bearer !== undefined) return { kind: 'key', secret: bearer }
  // What clients of E2B send.
  const apiKey = headers['x-api-key']
  if (typeof apiKey === 'string') return { kind: 'key', secret: apiKey }
  const ticket = isWebSocket(headers) ? new URLSearchParams(url.split('?')[1]).get('ticket') : null
  return ticket === null ? undefined : { kind: 'ticket', secret: ticket }
}

/** Whether a request asks for a WebSocket. */
export function isWebSocket(headers: IncomingHttpHeaders): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/** The path of a request as it was asked for, without its query. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? ''
}

/** `url` as it may be passed on: without the ticket. */
export function withoutTicket(url: string): string {
  const [path = '', query] = url.split(/\?(.*)/s)
  if (query === undefined) return url
  const left = query.split('&').filter((pair) => !/^ticket(=|$)/.test(pair))
  return left.length === 0 ? path : `${path}?${left.join('&')}`
}
