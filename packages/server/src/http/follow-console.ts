import type { EngineMachines } from '@hearth/engine'
import { type Clock, isHearthError } from '@hearth/model'
import { consoleGrowth } from './console-growth.ts'

/** How often a followed console is looked at; drivers tell of no new output. */
const lookEveryMs = 250
/** Most that is read at once. */
const readBytes = 1_048_576
/** What is kept to find the place again in a log that was cut to its last part. */
const rememberedBytes = 65_536

/** The last `maxBytes` of a console, then what is new, until the machine ends or `signal` is aborted. */
export async function* followConsole(
  machines: Pick<EngineMachines, 'consoleFrom'>,
  machine: string,
  maxBytes: number,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const last = await end(machines, machine, maxBytes)
  yield last.bytes
  let { next } = last
  let seen: Uint8Array = last.bytes.subarray(-rememberedBytes)
  while (!signal.aborted) {
    const part = await unlessEnded(machines.consoleFrom(machine, next, readBytes))
    if (part === undefined) return
    const bytes = part.start === next ? part.bytes : consoleGrowth(seen, part.bytes)
    next = part.start + part.bytes.length
    if (bytes.length > 0) {
      yield bytes
      seen = Buffer.concat([seen, bytes]).subarray(-rememberedBytes)
    } else await clock.sleep(lookEveryMs, signal)
  }
}

/** The log's last part, and where the next one begins. */
async function end(machines: Pick<EngineMachines, 'consoleFrom'>, machine: string, maxBytes: number) {
  let bytes = Buffer.alloc(0)
  let next = 0
  for (;;) {
    const part = await machines.consoleFrom(machine, next, readBytes)
    next = part.start + part.bytes.length
    if (part.bytes.length === 0) return { bytes, next }
    bytes = Buffer.concat([bytes, part.bytes]).subarray(-maxBytes)
  }
}

async function unlessEnded<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isHearthError(error, 'machine_not_running', 'machine_not_found')) return undefined
    throw error
  }
}
