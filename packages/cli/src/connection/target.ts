import { readFileSync } from 'node:fs'
import { CliError, usageError } from '../cli-error.ts'
import { chooseHome } from './home.ts'

/** Which server is meant. */
export type Target =
  | { readonly kind: 'home'; readonly home: string }
  | { readonly kind: 'remote'; readonly baseUrl: string; readonly apiKey: string | undefined }

interface TargetOptions {
  readonly home?: string | undefined
  readonly server?: string | undefined
  readonly apiKey?: string | undefined
}

type Env = Readonly<Record<string, string | undefined>>

/** No key is longer. */
const longestKeyFile = 4096

/**
 * The server of `--server`, else of `--home`, else of HEARTH_SERVER, else of the home that is used without words.
 * @throws CliError (usage) when what is said does not fit together
 */
export function chooseTarget(options: TargetOptions, env: Env): Target {
  if (options.server && options.home)
    throw usageError('--server and --home exclude each other', 'A home has a server of its own.')
  const isHome = !options.server && (options.home !== undefined || !env.HEARTH_SERVER)
  if (isHome) {
    if (options.apiKey) throw usageError('--api-key is for a remote server', 'Say which: --server or HEARTH_SERVER.')
    return { kind: 'home', home: chooseHome(options.home, env) }
  }
  const named = options.server ? '--server' : 'HEARTH_SERVER'
  return {
    kind: 'remote',
    baseUrl: parseServer(named, options.server ?? env.HEARTH_SERVER ?? ''),
    apiKey: chooseKey(options, env),
  }
}

function parseServer(named: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const fits = url && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === ''
  if (fits) return text.replace(/\/+$/, '')
  throw usageError(`${named}: "${text}" is not the address of a server`, 'Use an address such as https://hearth.example:4747.')
}

/** `--api-key`, else HEARTH_API_KEY, else what stands in the file HEARTH_API_KEY_FILE. */
function chooseKey({ apiKey }: TargetOptions, env: Env): string | undefined {
  const said = apiKey ?? env.HEARTH_API_KEY
  if (said) return checked(apiKey ? '--api-key' : 'HEARTH_API_KEY', said)
  return env.HEARTH_API_KEY_FILE ? checked('HEARTH_API_KEY_FILE', readKeyFile(env.HEARTH_API_KEY_FILE)) : undefined
}

/** Never shows the key: what is said here may end up in a log. */
function checked(named: string, key: string): string {
  if (/^[\x21-\x7e]{1,512}$/.test(key)) return key
  throw usageError(`${named}: not a key; it holds spaces, line ends or other characters that no key has`)
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, longestKeyFile).trim()
  } catch (error) {
    throw new CliError(`HEARTH_API_KEY_FILE: the key cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
