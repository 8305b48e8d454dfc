import { Counter, Gauge, Histogram, type Registry } from '@prometheus-io/client'

/** From one millisecond to two minutes: a warm claim and a slow cold boot are both told apart from their neighbours. */
const launchSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]
const pauseSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const storeSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
const lagSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]
const httpSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]

/** Every metric of Hearth's own, in one place. Each label takes its values from a set that no request can make longer. */
export type Instruments = ReturnType<typeof createInstruments>

/** Makes the metrics in `registry`; `docs/reference/metrics.md` explains each, and a test holds both together. */
export function createInstruments(registry: Registry) {
  return {
    ...engineInstruments(registry),
    ...stateInstruments(registry),
    ...poolInstruments(registry),
    ...serverInstruments(registry),
    ...processInstruments(registry),
  }
}

function engineInstruments(registry: Registry) {
  const { counter, histogram, gauge } = makers(registry)
  return {
    launches: counter('hearth_launches_total', 'Launches that ended well', ['driver', 'method', 'reason']),
    launchFailures: counter('hearth_launch_failures_total', 'Launches that failed', ['driver', 'code']),
    launchSeconds: histogram('hearth_launch_duration_seconds', 'Time of a launch', ['driver', 'method'], launchSeconds),
    phaseSeconds: histogram('hearth_launch_phase_duration_seconds', 'A phase of a launch', ['method', 'phase'], launchSeconds),
    snapshotsTaken: counter('hearth_snapshots_taken_total', 'Snapshots by how they ended', ['driver', 'kind', 'outcome']),
    snapshotSeconds: histogram('hearth_snapshot_duration_seconds', 'Time to take a snapshot', ['driver', 'kind'], launchSeconds),
    snapshotPauseSeconds: histogram('hearth_snapshot_pause_seconds', 'How long it stood still', ['driver', 'kind'], pauseSeconds),
    snapshotBytes: counter('hearth_snapshot_written_bytes_total', 'Sizes of the snapshots that became ready', ['driver', 'kind']),
    driverErrors: counter('hearth_driver_errors_total', 'Refusals and failures of drivers', ['driver', 'operation', 'kind']),
    cleanerRuns: counter('hearth_cleaner_runs_total', 'Runs of the cleaner', ['outcome']),
    cleanerRemoved: counter('hearth_cleaner_removed_total', 'Snapshots that the cleaner removed', []),
    cleanerFreedBytes: counter('hearth_cleaner_freed_bytes_total', 'Bytes that the cleaner freed', []),
    cleanerSeconds: gauge('hearth_cleaner_last_run_duration_seconds', 'Time of its last run', []),
    cleanerSuccess: gauge('hearth_cleaner_last_success_timestamp_seconds', 'When it last ended well; 0: not yet', []),
    reconcileRuns: counter('hearth_reconcile_runs_total', 'Comparisons of rows and hosts', ['outcome']),
    reconcileChanges: counter('hearth_reconcile_changes_total', 'What they had to put right', []),
    reconcileSeconds: gauge('hearth_reconcile_last_run_duration_seconds', 'Time of the last one', []),
    poolEvents: counter('hearth_pool_events_total', 'What became of the machines of pools', ['pool', 'what']),
    poolMisses: counter('hearth_pool_misses_total', 'Launches that a pool could not serve', ['pool', 'reason']),
    scrubs: counter('hearth_scrubs_total', 'Snapshots whose files were read again', ['outcome']),
    scrubbedBytes: counter('hearth_scrubbed_bytes_total', 'Bytes read again', []),
  }
}

function stateInstruments(registry: Registry) {
  const { counter, gauge } = makers(registry)
  return {
    machines: gauge('hearth_machines', 'Machines on record', ['state']),
    snapshots: gauge('hearth_snapshots', 'Snapshots on record', ['kind', 'state']),
    snapshotsBytes: gauge('hearth_snapshots_bytes', 'What their files take, shared ones counted each time', ['kind', 'state']),
    homeSizeBytes: gauge('hearth_home_filesystem_size_bytes', 'Size of the file system of the home', []),
    homeFreeBytes: gauge('hearth_home_filesystem_free_bytes', 'What is free there for Hearth', []),
    buildInfo: gauge('hearth_build_info', 'Always 1; the labels tell versions', ['version', 'node']),
    scrapeFailures: counter('hearth_scrape_failures_total', 'What could not be asked at a scrape, and is left out', ['part']),
  }
}

function poolInstruments(registry: Registry) {
  const { gauge } = makers(registry)
  return {
    poolDepth: gauge('hearth_pool_depth', 'Machines that are ready', ['pool']),
    poolMaking: gauge('hearth_pool_making', 'Machines that are being made', ['pool']),
    poolTarget: gauge('hearth_pool_target', 'What refill aims at', ['pool']),
    poolMin: gauge('hearth_pool_min', 'Refill begins below this', ['pool']),
    poolOldestSeconds: gauge('hearth_pool_oldest_age_seconds', 'How long the oldest has been ready', ['pool']),
    poolRefill: gauge('hearth_pool_refill_state', '1 for the state that refill is in, 0 for the others', ['pool', 'state']),
  }
}

function serverInstruments(registry: Registry) {
  const { counter, histogram, gauge } = makers(registry)
  return {
    storeSeconds: histogram('hearth_store_operation_duration_seconds', 'Store operations', ['table', 'operation'], storeSeconds),
    storeErrors: counter('hearth_store_errors_total', 'Store operations that failed', ['table', 'operation', 'code']),
    httpRequests: counter('hearth_http_requests_total', 'Answers by route template and class', ['route', 'method', 'status']),
    httpSeconds: histogram(
      'hearth_http_request_duration_seconds',
      'Time to the end of an answer',
      ['route', 'method'],
      httpSeconds,
    ),
    httpInFlight: gauge('hearth_http_requests_in_flight', 'Requests being answered', []),
    eventStreams: gauge('hearth_http_event_streams', 'Open streams of server-sent events', []),
    webSockets: gauge('hearth_http_web_sockets', 'Open WebSockets', []),
  }
}

/** Prometheus' own names where it has some, so that its usual dashboards fit. */
function processInstruments(registry: Registry) {
  const { counter, histogram, gauge } = makers(registry)
  return {
    cpuSeconds: counter('process_cpu_seconds_total', 'User and system time of the server', []),
    startTime: gauge('process_start_time_seconds', 'When the server started', []),
    residentBytes: gauge('process_resident_memory_bytes', 'Memory of the server that is in RAM', []),
    openFiles: gauge('process_open_fds', 'Open descriptors of the server', []),
    maxFiles: gauge('process_max_fds', 'How many it may open', []),
    heapBytes: gauge('nodejs_heap_size_used_bytes', 'What its JavaScript objects take', []),
    loopLag: histogram('hearth_event_loop_lag_seconds', 'How much later than asked a timer fired', [], lagSeconds),
    loopBusySeconds: counter('hearth_event_loop_busy_seconds_total', 'Time the event loop was not waiting', []),
  }
}

function makers(registry: Registry) {
  const registers = [registry]
  return {
    counter: <T extends string>(name: string, help: string, labelNames: readonly T[]) =>
      new Counter<T>({ name, help, labelNames, registers }),
    gauge: <T extends string>(name: string, help: string, labelNames: readonly T[]) =>
      new Gauge<T>({ name, help, labelNames, registers }),
    histogram: <T extends string>(name: string, help: string, labelNames: readonly T[], buckets: number[]) =>
      new Histogram<T>({ name, help, labelNames, buckets, registers }),
  }
}
