import assert from 'node:assert/strict'
import { parseName, type TemplateRef, templateRef } from '@hearth/model'
import { assertNoTrace, type DriverCase } from './driver-case.ts'
import type { DriverRun } from './driver-run.ts'

const left = templateRef(parseName('left-behind'), 1)

/** What lies on a host without anybody's record can be named, or is gone. */
export const orphanCases: readonly DriverCase[] = [
  {
    name: 'lists images once they are published, and no more when they are removed',
    async run(run) {
      await build(run, left)
      try {
        assert.deepEqual(await listed(run), [run.template.ref])
        await run.driver.publishTemplate(left, { ref: left })
        assert.deepEqual(await listed(run), [run.template.ref, left].sort())
      } finally {
        await run.driver.removeTemplate(left)
      }
      assert.deepEqual(await listed(run), [run.template.ref])
      await assertNoTrace(run, left)
    },
  },
  {
    name: 'has nothing unpublished left once its successor has taken over',
    inapplicable: (run) => {
      if (!run.bed.restart) return 'the bed has no successor to offer'
      return run.driver.capabilities.liveSnapshot ? undefined : 'its machines cannot be snapshotted live'
    },
    async run(run) {
      const machine = await run.restore()
      const published = await run.snapshot(machine)
      const { id } = await run.unpublished(machine)
      await build(run, left)
      machine.guest.close()
      await run.driver.close()
      if (run.bed.restart) run.driver = await run.bed.restart()
      await run.driver.adopt()
      await assertNoTrace(run, id)
      await assertNoTrace(run, left)
      assert.ok((await run.driver.listSnapshots()).includes(published.id), 'what was published stays')
      assert.deepEqual(await listed(run), [run.template.ref])
    },
  },
]

async function build(run: DriverRun, ref: TemplateRef): Promise<void> {
  await run.driver.build(ref, run.bed.source, run.bed.resources, { progress: () => undefined })
}

async function listed(run: DriverRun): Promise<TemplateRef[]> {
  return (await run.driver.listTemplates()).sort()
}
