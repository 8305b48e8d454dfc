import type { Clock } from '@hearth/model'

/** Calls `work` after `firstMs` and then `intervalMs` after each end of it, until `signal` fires. `work` reports its own failures. */
export async function every(
  clock: Clock,
  { firstMs, intervalMs }: { readonly firstMs: number; readonly intervalMs: number },
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  let pauseMs = firstMs
  while (await slept(clock, pauseMs, signal)) {
    await work()
    pauseMs = intervalMs
  }
}

/** False when `signal` fired first. */
export function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(ms, signal).then(
    () => !signal.aborted,
    (error) => {
      if (signal.aborted) return false
      throw error
    },
  )
}
