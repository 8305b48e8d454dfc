import { HearthError } from '@hearth/model'
import { isAllowed } from './cors.ts'
import type { App } from './http-parts.ts'

const loopbackHost = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?$/

/**
 * Refuses what a foreign web page in this user's browser could send to a loopback port: a host name that was made to
 * point here (DNS rebinding), or an origin that is neither this computer nor one of `origins`.
 */
export function guardLoopback(app: App, origins: readonly string[]): void {
  app.addHook('onRequest', async ({ headers }) => {
    if (!loopbackHost.test(headers.host ?? '')) refuse('Host', headers.host)
    const { origin } = headers
    if (origin !== undefined && !isLoopbackOrigin(origin) && !isAllowed(origin, origins)) refuse('Origin', origin)
  })
}

function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && loopbackHost.test(new URL(origin).host)
}

function refuse(header: string, value: string | undefined): never {
  throw new HearthError(
    'invalid_input',
    `header ${header}: ${JSON.stringify(value)} is not allowed; only localhost is answered here`,
  )
}
