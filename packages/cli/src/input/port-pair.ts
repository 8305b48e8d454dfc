import { usageError } from '../cli-error.ts'

export interface PortPair {
  /** 0: any free one. */
  readonly local: number
  readonly remote: number
}

/** `8080:80` (local, then the machine's), or `80` for the same on both sides. @throws CliError (usage) */
export function parsePortPair(text: string): PortPair {
  const [local = '', remote = local, ...rest] = text.split(':')
  const pair = { local: port(local, 0), remote: port(remote, 1) }
  if (rest.length === 0 && pair.local !== undefined && pair.remote !== undefined)
    return { local: pair.local, remote: pair.remote }
  throw usageError(`"${text}" is not LOCAL:REMOTE`, 'Ports are whole numbers from 1 to 65535; LOCAL may be 0 for any free port.')
}

function port(text: string, lowest: number): number | undefined {
  const number = /^(0|[1-9][0-9]{0,4})$/.test(text) ? Number(text) : -1
  return number >= lowest && number <= 65_535 ? number : undefined
}
