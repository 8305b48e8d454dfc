import type { Instruments } from './instruments.ts'
import { methodLabel, statusLabel } from './label-values.ts'

/** Told of every request; `route` is the template it matched, so that no address of a client becomes a label. */
export interface HttpMeter {
  /** A request has begun; the function it returns is called once it is over. */
  began(): () => void
  answered(request: {
    readonly method: string
    readonly route: string | undefined
    readonly status: number
    /** Absent where the time tells nothing about the server: streams and WebSockets last as long as their client likes. */
    readonly tookMs?: number
  }): void
  /** A connection that stays; the function it returns is called once it is over. */
  opened(kind: 'event_stream' | 'web_socket'): () => void
}

/** What the API does, as counters and histograms. */
export function httpMetrics(metrics: Instruments): HttpMeter {
  return {
    began: () => during(metrics.httpInFlight),
    answered({ method: given, route = 'unmatched', status, tookMs }) {
      const method = methodLabel(given)
      metrics.httpRequests.inc({ route, method, status: statusLabel(status) })
      if (tookMs !== undefined) metrics.httpSeconds.observe({ route, method }, tookMs / 1000)
    },
    opened: (kind) => during(kind === 'event_stream' ? metrics.eventStreams : metrics.webSockets),
  }
}

function during(gauge: Instruments['webSockets']): () => void {
  gauge.inc()
  return () => gauge.dec()
}
