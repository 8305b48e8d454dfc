import assert from 'node:assert/strict'
import { assertDriverError, assertNoTrace, type DriverCase } from './driver-case.ts'

/** What a driver says of itself and of images. */
export const capabilityCases: readonly DriverCase[] = [
  {
    name: 'says whether it is usable here, and with what',
    async run(run) {
      const probe = await run.driver.probe()
      assert.ok(probe.usable, `the suite runs on usable drivers only: ${JSON.stringify(probe.problems)}`)
      assert.notEqual(probe.accelerator, '')
      assert.notEqual(probe.version, '')
    },
  },
  {
    name: 'tells its capabilities truthfully',
    async run(run) {
      const { capabilities } = run.driver
      assert.ok(capabilities.egress.includes('none'), 'every driver can have machines without a network')
      const quality = run.template.snapshot.quality
      assert.equal(capabilities.memorySnapshots, quality === 'memory+disk', `its snapshots are ${quality}`)
      const others = (['open', 'allow-list'] as const).filter((egress) => !capabilities.egress.includes(egress))
      for (const egress of others) {
        const spec = { ...run.newSpec(), egress }
        await assertDriverError(run.driver.restore(run.template.snapshot, spec), 'driver_misconfigured')
        await assertNoTrace(run, spec.id)
      }
      if (capabilities.liveSnapshot) return
      const machine = await run.restore()
      await assertDriverError(run.driver.snapshot(machine.id, run.plan(machine)), 'driver_misconfigured')
    },
  },
  {
    name: 'gives one source one digest',
    async run(run) {
      const first = await run.driver.sourceDigest(run.bed.source)
      assert.match(first, /^[0-9a-f]{64}$/)
      assert.equal(await run.driver.sourceDigest(run.bed.source), first)
    },
  },
  {
    name: 'refuses an image that does not exist',
    async run(run) {
      for (const kind of ['tar', 'dir'] as const) {
        const source = { kind, path: '/there/is/nothing/here' }
        await assertDriverError(run.driver.sourceDigest(source))
      }
    },
  },
]
