import { usageError } from '../cli-error.ts'

const sizeFactors = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const
const durationFactors = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `512MiB`, `2GiB`; in whole MiB. @throws CliError (usage) */
export function parseMebibytes(text: string): number {
  const bytes = quantity(text, sizeFactors, 'a size', 'Use whole numbers such as 512MiB or 2GiB.')
  if (bytes % sizeFactors.MiB !== 0)
    throw usageError(`"${text}" is not a whole number of MiB`, 'Use sizes such as 512MiB or 2GiB.')
  return bytes / sizeFactors.MiB
}

/** `64KiB`, `1MiB`; in bytes. @throws CliError (usage) */
export function parseBytes(text: string): number {
  return quantity(text, sizeFactors, 'a size', 'Use whole numbers such as 64KiB or 1MiB.')
}

/** `90s`, `15m`, `2h`; in milliseconds. @throws CliError (usage) */
export function parseDurationMs(text: string): number {
  return quantity(text, durationFactors, 'a duration', 'Use whole numbers such as 500ms, 90s, 15m, 2h or 1d.')
}

/** As a duration, and `0` or `never` for 0: for ever. @throws CliError (usage) */
export function parseTtlMs(text: string): number {
  return text === '0' || text === 'never' ? 0 : parseDurationMs(text)
}

/** A whole number from `min` to `max`, without sign or point. @throws CliError (usage) */
export function parseWholeNumber(text: string, min: number, max: number): number {
  const number = /^(0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw usageError(`"${text}" is not a whole number from ${min} to ${max}`)
}

/** A share above 0 and below 1, such as 0.99. @throws CliError (usage) */
export function parseShare(text: string): number {
  const share = /^0?\.[0-9]{1,6}$/.test(text) ? Number(text) : 0
  if (share > 0) return share
  throw usageError(`"${text}" is not a share above 0 and below 1`, 'Write it such as 0.99.')
}

function quantity(text: string, factors: Readonly<Record<string, number>>, what: string, hint: string): number {
  const [, digits = '', unit = ''] = /^([1-9][0-9]{0,11})([A-Za-z]+)$/.exec(text) ?? []
  const factor = Object.hasOwn(factors, unit) ? factors[unit] : undefined
  const value = Number(digits) * (factor ?? Number.NaN)
  if (Number.isSafeInteger(value)) return value
  throw usageError(`"${text}" is not ${what}`, hint)
}
