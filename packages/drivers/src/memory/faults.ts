import { driverError } from '@hearth/model'

/** The steps at which a memory driver can be made to misbehave. `write` is the writing of a snapshot's files, in the middle of it. */
export const faultPoints = [
  'adopt',
  'build',
  'publish_template',
  'boot',
  'restore',
  'snapshot',
  'write',
  'publish_snapshot',
  'copy',
  'verify',
  'pause',
  'resume',
  'set_link',
  'destroy',
  'connect',
] as const
export type FaultPoint = (typeof faultPoints)[number]

type Fault = (signal: AbortSignal | undefined) => Promise<void>

/** Faults on demand, each for the next time a point is passed. */
export class Faults {
  readonly #planned = new Map<FaultPoint, Fault[]>()

  /** The next pass rejects with `error`. */
  fail(point: FaultPoint, error: Error = driverError('Unavailable', `${point} was made to fail`)): void {
    this.#plan(point, () => Promise.reject(error))
  }

  /** The next pass does not end before its signal fires. */
  hang(point: FaultPoint): void {
    this.#plan(point, (signal) => untilAborted(signal))
  }

  /** The next pass waits for what is returned to be called. Resolves `reached` when it is there. */
  hold(point: FaultPoint): { readonly reached: Promise<void>; readonly release: () => void } {
    const reached = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    this.#plan(point, (signal) => {
      reached.resolve()
      return Promise.race([released.promise, untilAborted(signal)])
    })
    return { reached: reached.promise, release: released.resolve }
  }

  /** Passed by the driver. */
  async pass(point: FaultPoint, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) throw aborted(signal)
    const fault = this.#planned.get(point)?.shift()
    if (fault) await fault(signal)
  }

  clear(): void {
    this.#planned.clear()
  }

  #plan(point: FaultPoint, fault: Fault): void {
    this.#planned.set(point, [...(this.#planned.get(point) ?? []), fault])
  }
}

/** What a driver call rejects with when its signal fires. */
export function aborted(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : driverError('Timeout', 'the call was aborted')
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(aborted(signal)), { once: true })
  })
}
