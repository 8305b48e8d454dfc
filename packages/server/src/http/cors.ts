import type { App } from './http-parts.ts'

const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const requestHeaders =
  'authorization, x-api-key, content-type, idempotency-key, if-match, if-none-match, last-event-id, x-request-id'
const answerHeaders =
  'x-request-id, retry-after, location, etag, idempotency-replayed, x-hearth-stat, ratelimit-limit, ratelimit-remaining, ratelimit-reset'
const maxAgeSeconds = 600

/**
 * Lets web pages of these origins (`*`: all) use the API (Fetch Standard, section 3.2). Without cookies: a page must have a key.
 */
export function allowOrigins(app: App, origins: readonly string[]): void {
  if (origins.length === 0) return
  app.addHook('onRequest', async ({ headers, method }, reply) => {
    reply.header('vary', 'origin')
    if (headers.origin === undefined || !isAllowed(headers.origin, origins)) return
    reply.header('access-control-allow-origin', headers.origin)
    reply.header('access-control-expose-headers', answerHeaders)
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return
    reply.header('access-control-allow-methods', methods)
    reply.header('access-control-allow-headers', requestHeaders)
    reply.header('access-control-max-age', maxAgeSeconds)
    return reply.code(204).send()
  })
}

/** Whether a page of `origin` may use the API. */
export function isAllowed(origin: string, origins: readonly string[]): boolean {
  return origins.includes('*') || origins.includes(origin)
}
