import type { EngineMeter } from '@hearth/model'
import { everyMeter } from './every-meter.ts'
import { createMetrics, type Metrics, type MetricsParts } from './metrics/create-metrics.ts'

export interface TelemetryParts extends MetricsParts {
  /** Where spans are sent; absent: nowhere. */
  readonly otlpEndpoint: string | undefined
}

/** What watches one server: metrics always, traces where somebody takes them. */
export interface Telemetry {
  readonly meter: EngineMeter
  readonly metrics: Metrics
  close(): Promise<void>
}

/** Begins to watch. */
export async function openTelemetry({ otlpEndpoint, ...parts }: TelemetryParts): Promise<Telemetry> {
  const metrics = createMetrics(parts)
  const traces = otlpEndpoint === undefined ? undefined : await openTracesTo(otlpEndpoint, parts)
  return {
    meter: everyMeter(traces ? [metrics.engine, traces.meter] : [metrics.engine], parts.log),
    metrics,
    async close() {
      metrics.close()
      await traces?.close()
    },
  }
}

async function openTracesTo(endpoint: string, parts: MetricsParts) {
  const { openTraces } = await import('./traces/open-traces.ts')
  return openTraces({ ...parts, endpoint })
}
