import assert from 'node:assert/strict'
import { newSnapshotId, type SnapshotManifest } from '@hearth/model'
import { assertDriverError, assertNoTrace, type DriverCase } from './driver-case.ts'
import type { DriverRun } from './driver-run.ts'
import { assertAnswers, assertMarks, markDisk, markMemory } from './guest-marks.ts'

const needsLive = (run: DriverRun) =>
  run.driver.capabilities.liveSnapshot ? undefined : 'its machines cannot be snapshotted live'
const needsMemory = (run: DriverRun) =>
  run.driver.capabilities.memorySnapshots ? needsLive(run) : 'its snapshots hold no memory'

/** Copies of frozen machines. */
export const copyCases: readonly DriverCase[] = [
  {
    name: 'copies a snapshot, so that either lives on without the other',
    inapplicable: needsMemory,
    async run(run) {
      const source = await run.restore()
      await markDisk(run, source, 'frozen')
      await markMemory(run, source, 'frozen')
      const original = await run.snapshot(source)
      const first = await run.copy(original)
      const second = await run.copy(first)
      await run.driver.removeSnapshot(original.id)
      await assertNoTrace(run, original.id)
      await run.driver.verifySnapshot(first)
      await assertMarks(run, await run.restore(first), ['frozen'], [])
      await run.driver.removeSnapshot(first.id)
      await assertMarks(run, await run.restore(second), ['frozen'], [])
    },
  },
  {
    name: 'shows a copy when it is published, and not before',
    inapplicable: needsLive,
    async run(run) {
      const original = await run.snapshot(await run.restore())
      const copy = await run.unpublishedCopy(original)
      assert.ok(!(await run.driver.listSnapshots()).includes(copy.id), 'it must not be listed before')
      await run.driver.publishSnapshot(copy)
      const listed = await run.driver.listSnapshots()
      assert.ok(listed.includes(copy.id) && listed.includes(original.id), 'both must be listed after')
      await assertAnswers(run, await run.restore(copy))
    },
  },
  {
    name: 'copies nothing that is damaged, unknown or no longer wanted, and leaves no trace of it',
    inapplicable: needsLive,
    async run(run) {
      const original = await run.snapshot(await run.restore())
      await refuses(run, { ...original, id: newSnapshotId(run.bed.random) }, 'driver_not_found')
      const id = newSnapshotId(run.bed.random)
      const signal = AbortSignal.abort(new Error('aborted by the suite'))
      await assert.rejects(run.driver.copySnapshot(original, id, { signal }))
      await assertNoTrace(run, id)
      await run.bed.flipByte(original)
      await refuses(run, original, 'driver_corrupt')
    },
  },
]

async function refuses(run: DriverRun, from: SnapshotManifest, code: 'driver_corrupt' | 'driver_not_found'): Promise<void> {
  const id = newSnapshotId(run.bed.random)
  await assertDriverError(run.driver.copySnapshot(from, id), code)
  await assertNoTrace(run, id)
}
