import { driverError, HearthError, type MachineDriver, type MachineId, silentMeter } from '@hearth/model'
import { expect, it, vi } from 'vitest'
import { meteredDriver } from './metered-driver.ts'

class BrokenDriver {
  readonly name = 'broken'
  readonly #why: unknown
  constructor(why: unknown) {
    this.#why = why
  }
  async destroy(): Promise<void> {
    if (this.#why !== undefined) throw this.#why
  }
  onExit(): () => void {
    return () => undefined
  }
}

async function toldAfter(why: unknown) {
  const driverFailed = vi.fn()
  const driver = meteredDriver(new BrokenDriver(why) as unknown as MachineDriver, { ...silentMeter, driverFailed })
  const failed = await driver.destroy('m-1' as MachineId).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(failed).toBe(why)
  return driverFailed.mock.calls.flat()
}

it('tells what failed and how, and lets the caller have the very error', async () => {
  expect(await toldAfter(driverError('Unavailable', 'full'))).toEqual([
    { driver: 'broken', operation: 'destroy', kind: 'Unavailable' },
  ])
  expect(await toldAfter(new TypeError('a mistake'))).toEqual([{ driver: 'broken', operation: 'destroy', kind: 'Internal' }])
})

it('tells nothing of what is no fault of the driver', async () => {
  expect(await toldAfter(undefined)).toEqual([])
  expect(await toldAfter(new HearthError('cancelled', 'given up'))).toEqual([])
  expect(await toldAfter(new HearthError('guest_unreachable', 'silent'))).toEqual([])
})

it('leaves what is no promise alone', () => {
  const driver = meteredDriver(new BrokenDriver(undefined) as unknown as MachineDriver, silentMeter)
  expect(driver.name).toBe('broken')
  expect(driver.onExit(() => undefined)()).toBeUndefined()
  expect(driver.destroy).toBe(driver.destroy)
})
