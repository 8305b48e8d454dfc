import type { DriverStatus } from '@hearth/sdk'
import type { Context } from '../../context.ts'
import { errorText } from '../../output/report-error.ts'
import { type Check, missing, ok } from './check.ts'

/** What the server's drivers can do here, by their own probes. Starts the server when none runs. */
export async function driverChecks(context: Context): Promise<Check[]> {
  try {
    const hearth = await context.connect()
    const { drivers } = await hearth.system.get({ signal: context.signal })
    return drivers.flatMap(checksOf)
  } catch (error) {
    context.signal.throwIfAborted()
    return [missing('drivers', errorText(error, context.command), 'hearth up')]
  }
}

function checksOf(driver: DriverStatus): Check[] {
  const name = `driver ${driver.name}`
  const notes = driver.notes.map((note) => ok(name, note))
  if (driver.usable) return [ok(name, `usable with ${driver.accelerator}, version ${driver.version}`), ...notes]
  return [...driver.problems.map(({ problem, fix }) => missing(name, problem, fix)), ...notes]
}
