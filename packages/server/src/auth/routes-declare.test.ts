import type { Engine } from '@hearth/engine'
import { silentLog, systemClock } from '@hearth/model'
import { expect, it } from 'vitest'
import { createHttp } from '../http/create-http.ts'
import type { App } from '../http/http-parts.ts'
import type { Needs } from './needs.ts'
import { ownerParts } from './testing/test-auth.ts'

interface Declared {
  readonly route: string
  readonly needs: Needs | undefined
}

/** Every route there is, with what it asks of its caller. */
async function everyRoute(): Promise<Declared[]> {
  const found: Declared[] = []
  const watch = (app: App) =>
    app.addHook('onRoute', ({ method, url, config }) => {
      for (const one of [method].flat()) if (one !== 'HEAD') found.push({ route: `${one} ${url}`, needs: config?.needs })
    })
  const app = createHttp(
    {
      engine: {} as Engine,
      drivers: [],
      log: silentLog,
      clock: systemClock,
      system: { version: '0', home: '/h', pid: 1, startedAt: 0 },
      stop: () => undefined,
      hostPaths: false,
      loopbackOnly: false,
      ...ownerParts(),
    },
    watch,
  )
  await app.ready()
  await app.close()
  return found
}

const routes = await everyRoute()
const open = routes.filter(({ needs }) => needs?.scope === 'nothing').map(({ route }) => route)

it('finds the routes', () => {
  expect(routes.length).toBeGreaterThan(30)
})

it.each(routes)('$route says what it needs of its caller', ({ needs }) => {
  expect(needs).toBeDefined()
})

it('needs no key only for what tells nothing', () => {
  const harmless = ['GET /healthz', 'GET /readyz', 'GET /openapi.json', 'GET /docs']
  expect(open.filter((route) => !harmless.some((one) => route === one || route.startsWith(`${one}/`)))).toEqual([])
})

it.each(routes.filter(({ route }) => !route.startsWith('GET ')))(
  '$route changes something, so that reading is not enough',
  ({ needs }) => {
    expect(needs?.scope).not.toBe('read')
  },
)
