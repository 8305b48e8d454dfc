import { afterAll, beforeAll, describe, it } from 'vitest'
import { capabilityCases } from './capability-cases.ts'
import { copyCases } from './copy-cases.ts'
import type { DriverBed } from './driver-bed.ts'
import type { DriverCase } from './driver-case.ts'
import { DriverRun, makeSharedTemplate, type SharedTemplate } from './driver-run.ts'
import { machineCases } from './machine-cases.ts'
import { orphanCases } from './orphan-cases.ts'
import { snapshotCases } from './snapshot-cases.ts'

/** Everything a driver must do, as plain functions. */
export const driverCases: readonly DriverCase[] = [
  ...capabilityCases,
  ...machineCases,
  ...snapshotCases,
  ...copyCases,
  ...orphanCases,
]

/** Runs one case and takes away what it made, also when it fails. Throws what the case throws. */
export async function runDriverCase(each: DriverCase, run: DriverRun): Promise<void> {
  try {
    await each.run(run)
  } finally {
    await run.close()
  }
}

/** What every machine driver must do. `open` gives a bed of its own for the whole suite; the suite closes it. */
export function describeDriver(name: string, open: () => Promise<DriverBed>): void {
  describe(`machine driver: ${name}`, () => {
    let bed: DriverBed
    let driver: DriverBed['driver']
    let template: SharedTemplate
    beforeAll(async () => {
      bed = await open()
      driver = bed.driver
      await driver.adopt()
      template = await makeSharedTemplate(bed)
    })
    afterAll(() => bed?.close())

    for (const each of driverCases) {
      it(each.name, async (context) => {
        const run = new DriverRun(bed, driver, template)
        const reason = each.inapplicable?.(run)
        if (reason) return context.skip(reason)
        await runDriverCase(each, run)
        driver = run.driver
      })
    }
  })
}
