import { memoryStore } from '@hearth/conformance'
import { HearthError, type StateStore } from '@hearth/model'
import { expect, it, vi } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'

/** A store that can stop answering: a change is made, or not, and whoever asked is told nothing of it. */
function flakyStore(): { readonly store: StateStore; answers: boolean; makesChanges: boolean } {
  const store = memoryStore()
  const flaky = { store, answers: true, makesChanges: true }
  const lost = () => new HearthError('store_unavailable', 'the connection was cut')
  const update = store.machines.update.bind(store.machines)
  Object.assign(store.machines, {
    async update(...change: Parameters<typeof update>) {
      if (flaky.answers) return update(...change)
      if (flaky.makesChanges) await update(...change)
      throw lost()
    },
  })
  Object.assign(store, {
    async ping() {
      if (!flaky.answers) throw lost()
    },
  })
  return flaky
}

it.each([true, false])(
  'makes rows and host agree soon after the store answers again (a lost change was made: %s)',
  async (made) => {
    const flaky = flakyStore()
    const bed = await new EngineBed({ reconcileIntervalMs: 0 }, 'outage', flaky.store).start()
    await bed.template()
    flaky.answers = false
    flaky.makesChanges = made
    await expect(bed.patiently(bed.engine.launch({ template: 'base' }))).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await flaky.store.machines.live()).toHaveLength(1)

    // Nothing is decided while it does not answer.
    for (let look = 0; look < 3; look++) {
      bed.clock.advance(1000)
      await vi.waitFor(() => expect(bed.clock.sleeping).toBeGreaterThan(0))
    }
    expect(await flaky.store.machines.live()).toHaveLength(1)

    flaky.answers = true
    bed.clock.advance(1000)
    await bed.patiently(bed.engine.settled())
    expect(await flaky.store.machines.live()).toEqual([])
    expect(bed.onHost().machines).toEqual([])
    const { id } = await bed.patiently(bed.engine.launch({ template: 'base' }))
    expect(bed.onHost().machines).toEqual([id])
  },
)
