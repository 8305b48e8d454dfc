import { readdir, readFile } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import type { Clock } from '@hearth/model'
import type { Instruments } from './instruments.ts'

/** How often the event loop's lag is looked at. */
const lagSampleMs = 500

export interface ProcessMetrics {
  refresh(): Promise<void>
  close(): void
}

/** What this process takes of the host, and how late its event loop is. */
export function processMetrics(metrics: Instruments, clock: Pick<Clock, 'monotonicMs'>, startedAt: number): ProcessMetrics {
  metrics.startTime.set(startedAt / 1000)
  const stopSampling = sampleLag(metrics, clock)
  let cpuSeconds = 0
  let busySeconds = 0
  return {
    async refresh() {
      const { user, system } = process.cpuUsage()
      metrics.cpuSeconds.inc(Math.max(0, (user + system) / 1e6 - cpuSeconds))
      cpuSeconds = Math.max(cpuSeconds, (user + system) / 1e6)
      const busy = performance.eventLoopUtilization().active / 1000
      metrics.loopBusySeconds.inc(Math.max(0, busy - busySeconds))
      busySeconds = Math.max(busySeconds, busy)
      const { rss, heapUsed } = process.memoryUsage()
      metrics.residentBytes.set(rss)
      metrics.heapBytes.set(heapUsed)
      metrics.openFiles.set((await readdir('/proc/self/fd')).length)
      const limit = await maxOpenFiles()
      if (limit !== undefined) metrics.maxFiles.set(limit)
    },
    close: stopSampling,
  }
}

function sampleLag(metrics: Instruments, clock: Pick<Clock, 'monotonicMs'>): () => void {
  let dueMs = clock.monotonicMs() + lagSampleMs
  const timer = setInterval(() => {
    const nowMs = clock.monotonicMs()
    metrics.loopLag.observe(Math.max(0, nowMs - dueMs) / 1000)
    dueMs = nowMs + lagSampleMs
  }, lagSampleMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** Absent where there is no limit. proc(5): `Max open files  SOFT  HARD  files`. */
async function maxOpenFiles(): Promise<number | undefined> {
  const soft = /^Max open files\s+(\d+)/m.exec(await readFile('/proc/self/limits', 'utf8'))?.[1]
  return soft === undefined ? undefined : Number(soft)
}
