import type { Instruments } from './instruments.ts'
import { methodLabel, statusLabel } from './label-values.ts'

/** Told of every request; `route` is the template it matched, so that no address of a client becomes a label. */
export interface HttpMeter {
  began(): void
  answered(request: {
    readonly method: string
    readonly route: string | undefined
    readonly status: number
    readonly tookMs: number
  }): void
  /** A connection that stays; the function it returns is called once it is over. */
  opened(kind: 'event_stream' | 'web_socket'): () => void
}

/** What the API does, as counters and histograms. */
export function httpMetrics(metrics: Instruments): HttpMeter {
  return {
    began: () => metrics.httpInFlight.inc(),
    answered({ method: given, route = 'unmatched', status, tookMs }) {
      const method = methodLabel(given)
      metrics.httpInFlight.dec()
      metrics.httpRequests.inc({ route, method, status: statusLabel(status) })
      metrics.httpSeconds.observe({ route, method }, tookMs / 1000)
    },
    opened(kind) {
      const open = kind === 'event_stream' ? metrics.eventStreams : metrics.webSockets
      open.inc()
      return () => open.dec()
    },
  }
}
