import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Engine } from '@hearth/engine'
import type { Clock, Log, MachineDriver, StateStore } from '@hearth/model'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Auth } from '../auth/auth.ts'
import type { ShownSetting } from '../config/shown-settings.ts'
import type { Peers } from '../peers/peers.ts'
import type { Metrics } from '../telemetry/metrics/create-metrics.ts'
import type { Builds } from './builds/build.ts'
import type { Once } from './idempotency/once.ts'
import type { OpenRequests } from './open-requests.ts'

/** What the API needs of the rest of the server. */
export interface HttpParts {
  readonly engine: Engine
  readonly drivers: readonly Pick<MachineDriver, 'name' | 'probe'>[]
  readonly store: Pick<StateStore, 'events' | 'idempotency' | 'machines' | 'ping'>
  /** Which home this is, among servers that share a store. */
  readonly host: string
  /** The builds that are under way, wherever they were begun. */
  readonly builds: Builds
  /** The other servers of the same state; absent where there can be none. */
  readonly peers?: Peers | undefined
  /** What `GET /v1/config` tells. */
  readonly settings: readonly ShownSetting[]
  readonly log: Log
  readonly clock: Clock
  /** What `GET /v1/system` tells. */
  readonly system: { readonly version: string; readonly home: string; readonly pid: number; readonly startedAt: number }
  /** What is measured, and what `GET /metrics` answers; without it nothing is, and there is no such route. */
  readonly metrics?: Pick<Metrics, 'http' | 'scrape'>
  /** Begins the end of the server; called once the answer is out. */
  readonly stop: () => void
  /** Whether templates may be built of paths of this host: only where every client is the user who owns the server. */
  readonly hostPaths: boolean
  /** Refuse requests that a web page of somebody else could have made: needed on TCP, where browsers reach. */
  readonly loopbackOnly: boolean
  /** Who may ask what. */
  readonly auth: Auth
  /** No key is needed: only the owner of the server can reach this. */
  readonly everyoneIsOwner: boolean
  /** Metrics are for everyone: only this computer can ask. */
  readonly openMetrics: boolean
  /** Origins whose web pages may use the API; `*`: all. */
  readonly corsOrigins: readonly string[]
  /** The certificate and its key, PEM, where the API is served over TLS. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** Check each answer against its schema and fail when it does not fit; for tests. */
  readonly checkAnswers?: boolean
}

/** What each file of routes is given. */
export interface RouteParts extends HttpParts {
  readonly open: OpenRequests
  /** The OpenAPI document, as JSON. */
  readonly openApi: () => Promise<string>
  /** The same for people: one HTML page. */
  readonly docsPage: () => Promise<string>
  readonly once: Once
}

/** The web framework, with types from schemas. */
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>
