import assert from 'node:assert/strict'
import { isHearthError } from '@hearth/model'
import type { DriverRun } from './driver-run.ts'

/** One promise of the port. `run` throws when the driver does not keep it. */
export interface DriverCase {
  readonly name: string
  /** Why this driver or its bed cannot be asked; absent when it can. */
  readonly inapplicable?: (run: DriverRun) => string | undefined
  readonly run: (run: DriverRun) => Promise<void>
}

/** Asserts that `work` rejects with a driver's error of one of `codes`. */
export async function assertDriverError(work: Promise<unknown>, ...codes: Parameters<typeof isHearthError>[1][]): Promise<void> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  assert.ok(outcome, 'it must be refused')
  const { error } = outcome
  const shown = isHearthError(error) ? error.code : String(error)
  assert.ok(isHearthError(error), `it must be refused with a HearthError, not ${shown}`)
  const fits = codes.length === 0 ? error.code.startsWith('driver_') : codes.includes(error.code)
  assert.ok(fits, `it must be refused with ${codes.join(' or ') || 'driver_*'}, not ${shown} (${error.message})`)
}

/** Asserts that nothing on the host is named after `text`. */
export async function assertNoTrace(run: DriverRun, text: string): Promise<void> {
  const left = await run.bed.traces(text)
  assert.deepEqual(left, [], `nothing of ${text} may be left on the host`)
}
