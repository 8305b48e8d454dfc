import type { Context } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { withProgress } from '../../output/progress.ts'
import { printable } from '../../output/table.ts'
import type { Check } from './check.ts'
import { checkoutChecks, isCheckout } from './checkout-checks.ts'
import { computerChecks } from './computer-checks.ts'
import { driverChecks } from './driver-checks.ts'
import { homeChecks } from './home-checks.ts'
import { readRequirements } from './requirements.ts'

/** `hearth doctor`: everything that was looked at, with the fix for what is missing; 1 when something needed is. */
export async function doctor(context: Context): Promise<number> {
  const fromCheckout = isCheckout()
  const checks = [
    ...(await computerChecks(await readRequirements(), context.env, fromCheckout)),
    ...(fromCheckout ? checkoutChecks() : []),
    ...(await homeChecks(context.home)),
    ...(await withProgress(context, 'asking the drivers', () => driverChecks(context))),
  ]
  const isWell = checks.every(({ status }) => status !== 'missing')
  context.print({ ok: isWell, checks }, () => [...checks.map(checkText), verdict(checks)].join('\n'))
  return isWell ? exitCodes.done : exitCodes.failed
}

const marks = { ok: 'ok     ', missing: 'MISSING', warning: 'note   ' } as const

function checkText({ name, status, detail, fix }: Check): string {
  const [first = '', ...rest] = detail.split('\n').map(printable)
  const lines = [`${marks[status]}  ${name}: ${first}`, ...rest.map((line) => `           ${line}`)]
  return [...lines, ...(fix === undefined ? [] : [`           fix: ${fix}`])].join('\n')
}

function verdict(checks: readonly Check[]): string {
  const count = checks.filter(({ status }) => status === 'missing').length
  return count === 0 ? 'everything needed is there' : `${count} of ${checks.length} checks found something missing`
}
