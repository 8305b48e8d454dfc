import { PassThrough } from 'node:stream'
import { ManualClock, memoryStore } from '@hearth/conformance'
import type { Engine } from '@hearth/engine'
import { type Log, type Name, type StateStore, silentLog } from '@hearth/model'
import { createHttp } from '../../http/create-http.ts'
import type { App, HttpParts } from '../../http/http-parts.ts'
import { idleParts } from '../../http/testing/idle-parts.ts'
import type { Auth, AuthParts } from '../auth.ts'
import { ownerCaller } from '../caller.ts'
import type { MadeKey, NewKey } from '../keys.ts'
import { needs, needsNoKey } from '../needs.ts'
import { testAuth } from './test-auth.ts'

/** The API on a real TCP port, with a clock that is turned by hand and routes that need each thing there is. */
export interface AuthBed extends AsyncDisposable {
  readonly url: string
  readonly auth: Auth
  readonly store: StateStore
  readonly clock: ManualClock
  readonly logged: string[]
  /** Makes a key as the owner of the server does. */
  key(wanted?: Partial<Omit<NewKey, 'namespaces'>> & { readonly namespaces?: readonly string[] | '*' }): Promise<MadeKey>
  ask(path: string, options?: AskOptions): Promise<Answer>
}

interface AskOptions {
  readonly key?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

export interface BedOptions extends Partial<Omit<AuthParts, 'store'>> {
  /** Other than one in memory with the namespaces `red` and `blue`. */
  readonly store?: StateStore
  readonly http?: Partial<HttpParts>
}

/** Serves it; at the end of the scope it is closed. */
export async function authBed({ http, store: given, ...change }: BedOptions = {}): Promise<AuthBed> {
  const clock = new ManualClock()
  const store = given ?? (await smallStore())
  const logged: string[] = []
  const log = keepingLog(logged)
  const auth = testAuth({ store, clock, log, ...change })
  const parts: HttpParts = {
    engine: {} as Engine,
    drivers: [],
    log,
    clock,
    system: { version: '0', home: '/h', pid: 1, startedAt: 0 },
    stop: () => undefined,
    hostPaths: false,
    loopbackOnly: true,
    auth,
    everyoneIsOwner: false,
    corsOrigins: [],
    openMetrics: false,
    ...idleParts(store),
    ...http,
  }
  const app = createHttp(parts, (outer) => outer.register(async (inner) => probeRoutes(inner as unknown as App)))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    auth,
    store,
    clock,
    logged,
    key: ({ namespaces = '*', ...wanted } = {}) =>
      auth.keys.create(ownerCaller, {
        name: 'test',
        scope: 'admin',
        format: 'hearth',
        ...wanted,
        namespaces: namespaces as readonly Name[] | '*',
      }),
    ask: (path, options) => ask(url, path, options),
    async [Symbol.asyncDispose]() {
      await app.close()
      await auth.close()
    },
  }
}

async function smallStore(): Promise<StateStore> {
  const store = memoryStore()
  for (const name of ['red', 'blue'] as Name[]) {
    await store.namespaces.insert({ name, labels: {}, snapshotLimit: 100, createdAt: 0 })
  }
  return store
}

/** One route for each thing that a route may need; handlers say who asked. */
function probeRoutes(app: App): void {
  const who = async ({ caller }: { caller: { key?: string } }) => ({ key: caller.key ?? null })
  for (const scope of ['read', 'use', 'admin'] as const) {
    app.get(`/v1/probe/namespaces/:namespace/${scope}`, { config: needs(scope) }, who)
    app.post(`/v1/probe/namespaces/:namespace/${scope}`, { config: needs(scope) }, who)
    app.get(`/v1/probe/default/${scope}`, { config: needs(scope) }, who)
    app.get(`/v1/probe/server/${scope}`, { config: needs(scope, 'server') }, who)
    app.get(`/v1/probe/any/${scope}`, { config: needs(scope, 'any') }, who)
  }
  app.get('/v1/probe/undeclared', who)
  app.get('/v1/probe/open', { config: needsNoKey }, who)
  app.get('/v1/probe/broken', { config: needs('read') }, async () => {
    throw new TypeError('as planned')
  })
  app.get('/v1/namespaces/:namespace/probe/lasting', { websocket: true, config: needs('use') }, (socket) => socket.send('{}'))
  app.get('/v1/namespaces/:namespace/probe/stream', { config: needs('read') }, (_request, reply) => {
    const endless = new PassThrough()
    endless.write('begun')
    return reply.send(endless)
  })
  app.get('/v1/namespaces/:namespace/probe/socket', { websocket: true, config: needs('use') }, (socket, { caller }) => {
    socket.send(JSON.stringify({ key: caller.key ?? null }))
    socket.close()
  })
}

async function ask(url: string, path: string, { key, method = 'GET', headers = {}, json }: AskOptions = {}): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) }
}

function keepingLog(lines: string[]): Log {
  const keep = (event: string, fields = {}) => void lines.push(JSON.stringify({ event, ...fields }))
  return { ...silentLog, debug: keep, info: keep, warn: keep, error: keep }
}
