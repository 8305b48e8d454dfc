import { type EngineMeter, type Log, messageOf, silentMeter } from '@hearth/model'

const calls = Object.keys(silentMeter) as (keyof EngineMeter)[]

/** Tells all of `meters`. One that throws is logged: what is measured must never depend on who measures it. */
export function everyMeter(meters: readonly EngineMeter[], log: Log): EngineMeter {
  const tell = (call: keyof EngineMeter) => (news: never) => {
    for (const meter of meters) {
      try {
        meter[call](news)
      } catch (error) {
        log.error('meter.failed', { call, error: messageOf(error) })
      }
    }
  }
  return Object.fromEntries(calls.map((call) => [call, tell(call)])) as unknown as EngineMeter
}
