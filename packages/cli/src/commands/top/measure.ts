import { type Hearth, HearthApiError, type MachineResource, type MachineStatsResource } from '@hearth/sdk'

/** What was seen of one machine at one moment. */
export interface Sample {
  readonly machine: MachineResource
  /** Absent where there is nothing to measure: it starts, ends, or has just gone. */
  readonly stats?: MachineStatsResource
  readonly atMs: number
  /** Processor time used since the sample before (without one, since it was made) per second, 1 for one whole processor. */
  readonly cpuShare?: number
}

/** So many are asked at once. */
const concurrency = 8

/** Looks at every live machine. `before` is what the last look gave. */
export async function measure(
  hearth: Hearth,
  before: ReadonlyMap<string, Sample>,
  { now, signal }: { readonly now: () => number; readonly signal: AbortSignal },
): Promise<Map<string, Sample>> {
  const machines = (await hearth.machines.list({ limit: 1000, signal }).toArray()).map(({ data }) => data)
  const samples = new Map<string, Sample>()
  const waiting = [...machines]
  const worker = async () => {
    for (let machine = waiting.shift(); machine; machine = waiting.shift()) {
      const stats = await statsOf(hearth, machine, signal)
      samples.set(machine.id, sampleOf(machine, stats, now(), before.get(machine.id)))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  // In the order of the list, not in which they answered.
  return new Map(machines.flatMap(({ id }) => [[id, samples.get(id) as Sample]]))
}

async function statsOf(hearth: Hearth, machine: MachineResource, signal: AbortSignal): Promise<MachineStatsResource | undefined> {
  if (machine.state !== 'running' && machine.state !== 'paused') return undefined
  try {
    return await hearth.machines.ref(machine.id).stats({ signal })
  } catch (error) {
    // It has gone meanwhile, or its guest does not answer: what is known of it is shown all the same.
    if (error instanceof HearthApiError && error.code !== 'unauthenticated') return undefined
    throw error
  }
}

/** With the processor's share since `before`. */
export function sampleOf(
  machine: MachineResource,
  stats: MachineStatsResource | undefined,
  atMs: number,
  before: Sample | undefined,
): Sample {
  if (!stats) return { machine, atMs }
  const since = before?.stats
    ? { cpuMs: before.stats.host.cpuMs, atMs: before.atMs }
    : { cpuMs: 0, atMs: Date.parse(machine.createdAt) }
  const passedMs = atMs - since.atMs
  const cpuShare = passedMs > 0 ? Math.max(0, (stats.host.cpuMs - since.cpuMs) / passedMs) : 0
  return { machine, stats, atMs, cpuShare }
}
