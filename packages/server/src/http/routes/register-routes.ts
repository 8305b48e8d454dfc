import type { App, RouteParts } from '../http-parts.ts'
import { type Mount, namespaceMount, shortMount } from '../mount.ts'
import { type EarlyBytes, rememberEarlyBytes } from '../port-proxy/early-bytes.ts'
import { auditRoutes } from './audit-routes.ts'
import { buildRoutes } from './build-routes.ts'
import { consoleRoutes } from './console-routes.ts'
import { dialRoutes } from './dial-routes.ts'
import { eventRoutes } from './event-routes.ts'
import { execRoutes } from './exec-routes.ts'
import { fileContentRoutes } from './file-content-routes.ts'
import { fileRoutes } from './file-routes.ts'
import { giveUpRoute } from './give-up-route.ts'
import { healthRoutes } from './health-routes.ts'
import { keyRoutes } from './key-routes.ts'
import { launchRoutes } from './launch-routes.ts'
import { machineRoutes } from './machine-routes.ts'
import { metricsRoute } from './metrics-route.ts'
import { namespaceRoutes, usageRoute } from './namespace-routes.ts'
import { poolRoutes } from './pool-routes.ts'
import { portRoutes } from './port-routes.ts'
import { serverRoutes } from './server-routes.ts'
import { snapshotMakingRoutes } from './snapshot-making-routes.ts'
import { snapshotRoutes } from './snapshot-routes.ts'
import { describingRoutes, systemRoutes } from './system-routes.ts'
import { templateRoutes } from './template-routes.ts'
import { ticketRoutes } from './ticket-routes.ts'

/** Every route there is. */
export function registerRoutes(app: App, parts: RouteParts): void {
  const early = rememberEarlyBytes(app)
  healthRoutes(app, parts)
  describingRoutes(app, parts)
  systemRoutes(app, parts)
  serverRoutes(app, parts)
  if (parts.metrics) metricsRoute(app, parts.metrics, parts.openMetrics)
  templateRoutes(app, parts)
  buildRoutes(app, parts)
  poolRoutes(app, parts)
  for (const mount of [shortMount, namespaceMount]) registerMounted(app, parts, mount, early)
  namespaceRoutes(app, parts)
  eventRoutes(app, parts)
  keyRoutes(app, parts)
  auditRoutes(app, parts)
  ticketRoutes(app, parts)
  giveUpRoute(app, parts)
}

/** The routes of what belongs to a namespace. */
function registerMounted(app: App, parts: RouteParts, mount: Mount, early: EarlyBytes): void {
  usageRoute(app, parts, mount)
  launchRoutes(app, parts, mount)
  machineRoutes(app, parts, mount)
  consoleRoutes(app, parts, mount)
  snapshotRoutes(app, parts, mount)
  snapshotMakingRoutes(app, parts, mount)
  fileRoutes(app, parts, mount)
  fileContentRoutes(app, parts, mount)
  execRoutes(app, parts, mount)
  dialRoutes(app, parts, mount)
  portRoutes(app, parts, mount, early)
}
