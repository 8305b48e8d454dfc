import type { App } from './http-parts.ts'

/** How long the JSON body of a request may take to arrive, in milliseconds. Files and what is passed on to machines may take longer. */
const bodyMs = 30_000

/** Cuts off clients that send a small body so slowly that they only mean to hold a connection. */
export function limitBodyTime(app: App, limitMs = bodyMs): void {
  const timers = new WeakMap<object, NodeJS.Timeout>()
  app.addHook('preParsing', async (request, _reply, payload) => {
    // Only bodies that are read before the handler runs: those with a schema.
    if (request.routeOptions.schema?.body === undefined) return payload
    const late = setTimeout(() => request.raw.destroy(), limitMs)
    timers.set(request.raw, late)
    request.raw.once('close', () => clearTimeout(late))
    return payload
  })
  app.addHook('preValidation', async (request) => {
    clearTimeout(timers.get(request.raw))
  })
  // A body that is refused is never validated, and its connection may have carried other requests since.
  app.addHook('onResponse', async (request) => {
    clearTimeout(timers.get(request.raw))
  })
}
