import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { HearthError, invalidInput, messageOf } from '@hearth/model'
import type * as z from 'zod'
import { allowedBy } from '../http/allowed.ts'
import { checkTogether } from './check-together.ts'
import { type Config, type DefaultsContext, type SettingName, settings } from './settings.ts'

/** Where a value was found: `flag --log`, `environment HEARTH_LOG`, `file /…/hearth.yaml`, or `default`. */
type Origins = { readonly [Name in SettingName]: string }

export interface LoadedConfig {
  readonly config: Config
  readonly origins: Origins
  /** The descriptor on which whoever started us waits to hear that we are ready. */
  readonly readyFd: number | undefined
  /** Whether only the settings are asked for, and no server. */
  readonly showOnly?: boolean
}

/** Everything the settings can come from. */
export interface ConfigSources extends DefaultsContext {
  /** The words after the program's name. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

const names = Object.keys(settings) as SettingName[]

/** Reads all settings once: flags before environment before `HOME/hearth.yaml` before defaults. @throws HearthError `invalid_input` */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const { flags, showOnly } = readFlags(sources.argv)
  const values: Partial<Record<SettingName, unknown>> = {}
  const origins: Partial<Record<SettingName, string>> = {}
  const settle = (name: SettingName, file: ConfigFile | undefined) => {
    const { flag, fallback } = settings[name]
    const env = variableOf(settings[name], sources.env)
    const inFile = file?.values[name]
    if (flags[flag] !== undefined) {
      values[name] = check(name, flags[flag], `--${flag}`)
      origins[name] = `flag --${flag}`
    } else if (env !== undefined) {
      values[name] = check(name, sources.env[env], env)
      origins[name] = `environment ${env}`
    } else if (inFile !== undefined) {
      values[name] = check(name, inFile, `${name} in ${file?.path}`)
      origins[name] = `file ${file?.path}`
    } else {
      values[name] = fallback(sources)
      origins[name] = 'default'
    }
  }
  settle('home', undefined)
  const file = await readConfigFile(join(String(values.home), 'hearth.yaml'))
  for (const name of names) if (name !== 'home') settle(name, file)
  checkTogether(values as Config)
  return { config: values as Config, origins: origins as Origins, readyFd: readReadyFd(flags['ready-fd']), showOnly }
}

/** The variable that says something about a setting. */
function variableOf(
  setting: { readonly env: string; readonly sharedEnv?: string },
  env: ConfigSources['env'],
): string | undefined {
  return [setting.env, setting.sharedEnv].find((name) => name !== undefined && (env[name] ?? '') !== '')
}

function check(name: SettingName, value: unknown, field: string): unknown {
  const { schema, secret }: { readonly schema: z.ZodType; readonly secret?: true } = settings[name]
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const allowed = issue === undefined ? 'not this' : allowedBy(issue)
  if (!secret) throw invalidInput(field, value, allowed)
  throw new HearthError('invalid_input', `${field}: its value is not allowed; ${allowed}`, { details: { field, allowed } })
}

function readFlags(argv: readonly string[]): { flags: Record<string, string | undefined>; showOnly: boolean } {
  const withValue = [...names.map((name) => settings[name].flag), 'ready-fd']
  try {
    const strings = Object.fromEntries(withValue.map((flag) => [flag, { type: 'string' as const }]))
    const options = { ...strings, 'show-config': { type: 'boolean' as const } }
    const { 'show-config': showOnly = false, ...flags } = parseArgs({ args: [...argv], options, strict: true }).values
    return { flags, showOnly }
  } catch (error) {
    const known = [...withValue, 'show-config'].map((flag) => `--${flag}`).join(', ')
    throw new HearthError('invalid_input', messageOf(error), { hint: `Allowed: ${known}.` })
  }
}

function readReadyFd(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw invalidInput('--ready-fd', text, 'the number of an open descriptor')
  return Number(text)
}

interface ConfigFile {
  readonly path: string
  readonly values: Readonly<Record<string, unknown>>
}

async function readConfigFile(path: string): Promise<ConfigFile | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new HearthError('invalid_input', `${path} cannot be read: ${error.message}`, { cause: error })
  })
  if (text === undefined) return undefined
  // Loaded only where there is a file to read.
  const { parse } = await import('yaml')
  let values: unknown
  try {
    values = parse(text, { maxAliasCount: 0 }) ?? {}
  } catch (error) {
    throw new HearthError('invalid_input', `${path} is not YAML: ${messageOf(error)}`, { cause: error })
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new HearthError('invalid_input', `${path} must hold "name: value" lines`)
  }
  const inFile = names.filter((name) => name !== 'home')
  for (const key of Object.keys(values)) {
    if (!inFile.some((name) => name === key)) throw invalidInput(`a key in ${path}`, key, `one of ${inFile.join(', ')}`)
  }
  return { path, values: values as Record<string, unknown> }
}
