import type { Clock } from '@hearth/model'
import type { DoubleProcess } from './double-process.ts'
import { drawRandom, type GuestState } from './guest-state.ts'

/** Where a command of a double runs. `resumed`: in a clone, in which it ran already; it must not begin again. */
export interface CommandContext {
  readonly process: DoubleProcess
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly state: GuestState
  readonly clock: Clock
  readonly resumed: boolean
}

/** A program of a double. It ends by `process.end(code)`. */
export type DoubleCommand = (context: CommandContext) => void

/** The programs that every double has. */
export const builtinCommands: Readonly<Record<string, DoubleCommand>> = {
  true: ({ process }) => process.end(0),
  false: ({ process }) => process.end(1),
  exit: ({ process, args }) => process.end(Number(args[0] ?? 0) & 0xff),
  echo: ({ process, args }) => print(process, args.join(' ')),
  hostname: ({ process, state }) => print(process, state.hostname),
  /** 16 bytes of the guest's randomness, as hex. */
  random: ({ process, state }) => print(process, drawRandom(state, 16).toString('hex')),
  'machine-id': ({ process, state }) => print(process, state.machineId),
  env: ({ process, env }) => print(process, [...env].sort().join('\n')),
  /** The guest's wall clock in milliseconds. */
  date: ({ process, state, clock }) => print(process, String(Math.round(clock.now() - state.behindMs))),
  cat: ({ process }) => {
    process.onInput = (bytes) => process.write(bytes)
    process.onInputEnd = () => process.end(0)
  },
  /** `sleep SECONDS`, on the clock that the double was handed. */
  sleep: ({ process, args, clock, state }) => {
    const untilMs = process.facts.startedAtMs + Number(args[0] ?? 0) * 1000
    const restMs = Math.max(0, untilMs - (clock.now() - state.behindMs))
    clock.sleep(restMs, process.ended.signal).then(
      () => process.end(0),
      () => undefined,
    )
  },
}

function print(process: DoubleProcess, line: string): void {
  process.write(`${line}\n`)
  process.end(0)
}
