import type { PoolResource } from '@hearth/sdk'
import { usageError } from '../cli-error.ts'

type Validator = PoolResource['settings']['validators'][number]

const hint =
  'Write guest, port:80, http:80/healthz, http:80/healthz=204, command:PROGRAM or command:["PROGRAM","ARGUMENT"], custom:NAME.'

/** What must hold of a pool's machine: `port:80`, `http:80/healthz`, `command:…`. @throws CliError (usage) */
export function parseValidator(text: string, before: readonly Validator[] = []): Validator[] {
  return [...before, validatorOf(text)]
}

function validatorOf(text: string): Validator {
  const [, kind, rest = ''] = /^([a-z]+)(?::(.*))?$/s.exec(text) ?? []
  if (kind === 'guest' && rest === '') return { kind }
  if (kind === 'port') return { kind, port: portOf(text, rest) }
  if (kind === 'http') return httpOf(text, rest)
  if (kind === 'command' && rest !== '') return { kind, argv: argvOf(text, rest) }
  if (kind === 'custom' && rest !== '') return { kind, name: rest }
  throw usageError(`"${text}" is no validator`, hint)
}

function httpOf(text: string, rest: string): Validator {
  const [, port = '', path, status] = /^([0-9]+)(\/[^=]*)(?:=([1-5][0-9]{2}))?$/.exec(rest) ?? []
  if (path === undefined) throw usageError(`"${text}" is no validator`, hint)
  return { kind: 'http', port: portOf(text, port), path, ...(status !== undefined && { status: Number(status) }) }
}

function portOf(text: string, digits: string): number {
  const port = /^[1-9][0-9]{0,4}$/.test(digits) ? Number(digits) : 0
  if (port >= 1 && port <= 65_535) return port
  throw usageError(`"${text}": a port is a whole number from 1 to 65535`)
}

/** A JSON list of words, or words between spaces: no shell is involved. */
function argvOf(text: string, rest: string): string[] {
  if (!rest.startsWith('[')) return rest.split(/ +/).filter((word) => word !== '')
  const words = parsed(text, rest)
  if (Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string')) return words
  throw usageError(`"${text}": the command is not a JSON array of strings`, hint)
}

function parsed(text: string, json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw usageError(`"${text}": the command is not JSON: ${(error as Error).message}`, hint)
  }
}
