import { HearthError } from '@hearth/model'
import type { App } from './http-parts.ts'

const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?$/

/**
 * Refuses what a foreign web page in this user's browser could send to a loopback port: a host name that was made to
 * point here (DNS rebinding), or another origin.
 */
export function guardLoopback(app: App): void {
  app.addHook('onRequest', async ({ headers }) => {
    if (!loopbackHost.test(headers.host ?? '')) refuse('Host', headers.host)
    if (headers.origin !== undefined && !isLoopbackOrigin(headers.origin)) refuse('Origin', headers.origin)
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
