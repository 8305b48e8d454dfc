/** What the shell is told. `exec` passes the code of the process in the machine and uses `execFailed` for its own failures. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  execFailed: 125,
  /** 128 + SIGPIPE: nobody reads stdout any more. */
  brokenPipe: 141,
  /** 128 + SIGINT: stopped by Ctrl-C. */
  interrupted: 130,
} as const

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const
export type StopSignal = keyof typeof signalNumbers
export const stopSignals = Object.keys(signalNumbers) as StopSignal[]

/** The code of a command that was stopped by a signal. */
export function exitCodeOf(signal: StopSignal): number {
  return 128 + signalNumbers[signal]
}
