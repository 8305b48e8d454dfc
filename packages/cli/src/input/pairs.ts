import { usageError } from '../cli-error.ts'

/** `NAME=VALUE` options, given any number of times. @throws CliError (usage) */
export function parsePairs(option: string, pairs: readonly string[] = []): Record<string, string> {
  const entries = pairs.map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1) throw usageError(`${option}: "${pair}" is not NAME=VALUE`)
    return [pair.slice(0, at), pair.slice(at + 1)] as const
  })
  return Object.fromEntries(entries)
}

/** As pairs, but `NAME` alone takes the value of the variable NAME here, so that secrets stay out of the process list. */
export function parseVariables(
  option: string,
  pairs: readonly string[] = [],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const full = pairs.map((pair) => {
    if (pair.includes('=')) return pair
    const value = env[pair]
    if (value === undefined)
      throw usageError(`${option}: ${pair} is not set here`, `Write ${option} ${pair}=VALUE, or set the variable.`)
    return `${pair}=${value}`
  })
  return parsePairs(option, full)
}

/** Collects an option that may be given many times. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value]
}
