import { type Clock, type EngineMeter, type Log, messageOf, silentMeter } from '@hearth/model'
import { failedLaunchSpan, launchSpan, snapshotSpan, type TimedSpan } from './spans.ts'

/** For one batch, all attempts together. Also what an end of the server may wait for a collector that is away. */
const sendLimitMs = 3000

export interface TracesParts {
  /** Where an OpenTelemetry collector takes OTLP over HTTP, such as `http://127.0.0.1:4318`; `/v1/traces` is added. */
  readonly endpoint: string
  readonly version: string
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}

/** Spans on their way to a collector. */
export interface Traces {
  readonly meter: EngineMeter
  /** Sends what is still here, and ends. */
  close(): Promise<void>
}

/** Sends what the engine tells to a collector, in batches; its libraries are loaded only here. */
export async function openTraces({ endpoint, version, clock, log }: TracesParts): Promise<Traces> {
  const [api, { OTLPTraceExporter }, { resourceFromAttributes }, sdk] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-node'),
  ])
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: sendLimitMs })
  const provider = new sdk.NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'hearth', 'service.version': version }),
    spanProcessors: [new sdk.BatchSpanProcessor(exporter, { exportTimeoutMillis: sendLimitMs })],
  })
  const tracer = provider.getTracer('hearth', version)
  const record = (span: TimedSpan, context = api.ROOT_CONTEXT): void => {
    const recorded = tracer.startSpan(span.name, { startTime: span.startMs, attributes: span.attributes }, context)
    if (span.failure !== undefined) recorded.setStatus({ code: api.SpanStatusCode.ERROR, message: span.failure })
    for (const child of span.children) record(child, api.trace.setSpan(context, recorded))
    recorded.end(span.endMs)
  }
  return {
    meter: {
      ...silentMeter,
      launched: (launch) => record(launchSpan(launch)),
      launchFailed: (launch) => record(failedLaunchSpan(launch, clock.now())),
      snapshotEnded: (snapshot) => record(snapshotSpan(snapshot, clock.now())),
    },
    async close() {
      try {
        await provider.shutdown()
      } catch (error) {
        log.warn('traces.not_sent', { endpoint, error: messageOf(error) })
      }
    },
  }
}
