import assert from 'node:assert/strict'
import { newSnapshotId } from '@hearth/model'
import { assertDriverError, assertNoTrace, type DriverCase } from './driver-case.ts'
import type { DriverRun } from './driver-run.ts'
import { assertAnswers, assertMarks, diskMarks, markDisk, markMemory, memoryMarks } from './guest-marks.ts'

const needsLive = (run: DriverRun) =>
  run.driver.capabilities.liveSnapshot ? undefined : 'its machines cannot be snapshotted live'
const needsMemory = (run: DriverRun) => {
  const { memorySnapshots, liveSnapshot } = run.driver.capabilities
  return memorySnapshots && liveSnapshot ? undefined : 'its snapshots hold no memory'
}

/** Freezing, restoring and keeping frozen machines. */
export const snapshotCases: readonly DriverCase[] = [
  {
    name: 'runs clones side by side, apart from each other and from the snapshot',
    inapplicable: needsMemory,
    async run(run) {
      const marks = ['clone-1', 'clone-2', 'clone-3']
      const clones = await Promise.all(marks.map(() => run.restore()))
      for (const [index, clone] of clones.entries()) {
        const mark = marks[index] ?? ''
        await markDisk(run, clone, mark)
        await markMemory(run, clone, mark)
      }
      for (const [index, clone] of clones.entries()) {
        const mark = marks[index] ?? ''
        await assertMarks(
          run,
          clone,
          [mark],
          marks.filter((each) => each !== mark),
        )
      }
      await assertMarks(run, await run.restore(), [], marks)
    },
  },
  {
    name: 'names everything on the host after the machine, never after the snapshot',
    async run(run) {
      const { id } = run.template.snapshot
      const before = await run.bed.traces(id)
      const clones = [await run.restore(), await run.restore()]
      for (const clone of clones) {
        const own = await run.bed.traces(clone.id)
        assert.notDeepEqual(own, [], `machine ${clone.id} must have traces of its own`)
      }
      assert.deepEqual(await run.bed.traces(id), before, 'a restore must add nothing that is named after the snapshot')
    },
  },
  {
    name: 'lets a machine go on after its snapshot',
    inapplicable: needsLive,
    async run(run) {
      const source = await run.restore()
      await markMemory(run, source, 'before')
      const { hello } = await run.session(source)
      const manifest = await run.snapshot(source)
      assert.equal(manifest.quiesce.result, 'quiesced', manifest.quiesce.detail)
      assert.equal((await run.session(source)).hello.bootId, hello.bootId, 'it must not have been booted again')
      assert.deepEqual(await memoryMarks(run, source), ['before'])
      await assertAnswers(run, source)
    },
  },
  {
    name: 'keeps the disk of the frozen moment',
    inapplicable: needsLive,
    async run(run) {
      const source = await run.restore()
      await markDisk(run, source, 'before')
      const manifest = await run.snapshot(source)
      await markDisk(run, source, 'after')
      const clone = await run.restore(manifest)
      assert.deepEqual(await diskMarks(run, clone), ['before'])
    },
  },
  {
    name: 'keeps the memory of the frozen moment',
    inapplicable: needsMemory,
    async run(run) {
      const source = await run.restore()
      await markMemory(run, source, 'before')
      const { hello } = await run.session(source)
      const manifest = await run.snapshot(source)
      await markMemory(run, source, 'after')
      const clone = await run.restore(manifest)
      assert.deepEqual(await memoryMarks(run, clone), ['before'])
      assert.equal((await run.session(clone)).hello.bootId, hello.bootId)
    },
  },
  {
    name: 'snapshots a clone of a snapshot with all that came before',
    inapplicable: needsMemory,
    async run(run) {
      const first = await run.restore()
      await markDisk(run, first, 'first')
      await markMemory(run, first, 'first')
      const second = await run.restore(await run.snapshot(first))
      await markDisk(run, second, 'second')
      await markMemory(run, second, 'second')
      const third = await run.restore(await run.snapshot(second))
      await assertMarks(run, third, ['first', 'second'], [])
      await assertMarks(run, first, ['first'], ['second'])
    },
  },
  {
    name: 'reports a write that fails, leaves nothing of it, and lets the machine go on',
    inapplicable: needsLive,
    async run(run) {
      const source = await run.restore()
      await markMemory(run, source, 'before')
      const plan = run.plan(source)
      const heal = await run.bed.failNextWrite()
      try {
        await assertDriverError(run.driver.snapshot(source.id, plan))
      } finally {
        await heal()
      }
      await assertNoTrace(run, plan.snapshotId)
      assert.ok(!(await run.driver.listSnapshots()).includes(plan.snapshotId))
      await source.guest.resume({}).catch(() => undefined)
      assert.deepEqual(await memoryMarks(run, source), ['before'])
      const next = await run.snapshot(source)
      await run.driver.verifySnapshot(next)
    },
  },
  {
    name: 'shows a snapshot when it is published, and not before',
    inapplicable: needsLive,
    async run(run) {
      const manifest = await run.unpublished(await run.restore())
      assert.ok(!(await run.driver.listSnapshots()).includes(manifest.id), 'it must not be listed before')
      const spec = run.newSpec()
      await assertDriverError(run.driver.restore(manifest, spec), 'driver_not_found')
      await assertNoTrace(run, spec.id)
      await run.driver.publishSnapshot(manifest)
      assert.ok((await run.driver.listSnapshots()).includes(manifest.id), 'it must be listed after')
      await assertAnswers(run, await run.restore(manifest))
    },
  },
  {
    name: 'records what it wrote, and finds a flipped byte',
    inapplicable: needsLive,
    async run(run) {
      const manifest = await run.snapshot(await run.restore())
      assert.notEqual(manifest.artifacts.length, 0)
      for (const artifact of manifest.artifacts) assert.match(artifact.sha256, /^[0-9a-f]{64}$/)
      await run.driver.verifySnapshot(manifest)
      await run.bed.flipByte(manifest)
      await assertDriverError(run.driver.verifySnapshot(manifest), 'driver_corrupt')
      const spec = run.newSpec()
      await assertDriverError(run.driver.restore(manifest, spec), 'driver_corrupt')
      await assertNoTrace(run, spec.id)
    },
  },
  {
    name: 'refuses a snapshot of other hardware',
    async run(run) {
      const { compatibility } = run.template.snapshot
      const foreign = { ...run.template.snapshot, compatibility: { ...compatibility, hardwareProfile: 'abacus-1' } }
      const spec = run.newSpec()
      await assertDriverError(run.driver.restore(foreign, spec), 'driver_incompatible')
      await assertNoTrace(run, spec.id)
    },
  },
  {
    name: 'removes snapshots and images completely, and unknown ones without complaint',
    inapplicable: needsLive,
    async run(run) {
      const manifest = await run.snapshot(await run.restore())
      assert.notDeepEqual(await run.bed.traces(manifest.id), [])
      await run.driver.removeSnapshot(manifest.id)
      await assertNoTrace(run, manifest.id)
      assert.ok(!(await run.driver.listSnapshots()).includes(manifest.id))
      await run.driver.removeSnapshot(manifest.id)
      await run.driver.removeSnapshot(newSnapshotId(run.bed.random))
      await run.driver.removeTemplate(`${run.template.ref}9` as typeof run.template.ref)
    },
  },
  {
    name: 'leaves nothing of a snapshot that is aborted, and lets the machine go on',
    inapplicable: needsLive,
    async run(run) {
      const source = await run.restore()
      const plan = run.plan(source)
      const abort = new AbortController()
      const quiesce = async () => {
        const result = await plan.quiesce()
        abort.abort(new Error('aborted by the suite'))
        return result
      }
      await assert.rejects(run.driver.snapshot(source.id, { ...plan, quiesce }, { signal: abort.signal }))
      await assertNoTrace(run, plan.snapshotId)
      await assertAnswers(run, source)
    },
  },
]
