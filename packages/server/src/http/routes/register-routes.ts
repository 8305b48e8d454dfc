import type { App, RouteParts } from '../http-parts.ts'
import { auditRoutes } from './audit-routes.ts'
import { consoleRoutes } from './console-routes.ts'
import { dialRoutes } from './dial-routes.ts'
import { eventRoutes } from './event-routes.ts'
import { execRoutes } from './exec-routes.ts'
import { fileContentRoutes } from './file-content-routes.ts'
import { fileRoutes } from './file-routes.ts'
import { keyRoutes } from './key-routes.ts'
import { machineRoutes } from './machine-routes.ts'
import { metricsRoute } from './metrics-route.ts'
import { snapshotRoutes } from './snapshot-routes.ts'
import { systemRoutes } from './system-routes.ts'
import { templateRoutes } from './template-routes.ts'
import { ticketRoutes } from './ticket-routes.ts'

/** Every route there is. */
export function registerRoutes(app: App, parts: RouteParts): void {
  systemRoutes(app, parts)
  if (parts.metrics) metricsRoute(app, parts.metrics, parts.openMetrics)
  templateRoutes(app, parts)
  machineRoutes(app, parts)
  consoleRoutes(app, parts)
  snapshotRoutes(app, parts)
  fileRoutes(app, parts)
  fileContentRoutes(app, parts)
  execRoutes(app, parts)
  dialRoutes(app, parts)
  eventRoutes(app, parts)
  keyRoutes(app, parts)
  auditRoutes(app, parts)
  ticketRoutes(app, parts)
}
