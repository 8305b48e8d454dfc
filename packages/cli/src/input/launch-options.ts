import { readFile, stat } from 'node:fs/promises'
import type { LaunchOptions } from '@hearth/sdk'
import { usageError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { parsePairs, parseVariables } from './pairs.ts'

/** What `launch` and `snapshot restore` can be told. */
export interface LaunchFlags {
  readonly name?: string | undefined
  readonly hostname?: string | undefined
  readonly env?: readonly string[] | undefined
  readonly secret?: readonly string[] | undefined
  readonly file?: readonly string[] | undefined
  readonly label?: readonly string[] | undefined
  readonly egress?: 'none' | 'open' | 'allow-list' | undefined
  /** Milliseconds. */
  readonly timeout?: number | undefined
  readonly onTimeout?: 'destroy' | 'pause' | undefined
}

const fileLimitBytes = 128 * 1024

/** The request's part that both share. @throws CliError (usage) */
export async function launchOptions(context: Context, flags: LaunchFlags): Promise<LaunchOptions> {
  const { name, hostname, egress, timeout, onTimeout } = flags
  if (onTimeout !== undefined && timeout === undefined) {
    throw usageError('--on-timeout says what happens after --timeout', 'Say how long the machine may live: --timeout 1h.')
  }
  return {
    ...(name === undefined ? {} : { name }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(egress === undefined ? {} : { egress }),
    ...(timeout === undefined ? {} : { lifeTimeMs: timeout }),
    ...(onTimeout === undefined ? {} : { onTimeout }),
    env: parseVariables('--env', flags.env, context.env),
    secrets: parseVariables('--secret', flags.secret, context.env),
    labels: parsePairs('--label', flags.label),
    files: await Promise.all((flags.file ?? []).map(injectedFile)),
  }
}

/** `local:/path` or `local:/path:0600`; without a mode the local file's own. */
async function injectedFile(text: string): Promise<NonNullable<LaunchOptions['files']>[number]> {
  const [, local, path, mode] = /^(.+?):(\/.*?)(?::([0-7]{3,4}))?$/s.exec(text) ?? []
  if (local === undefined || path === undefined) {
    throw usageError(
      `--file: "${text}" is not LOCAL:/PATH or LOCAL:/PATH:MODE`,
      'For example --file ./settings.json:/etc/app.json:0600.',
    )
  }
  const found = await stat(local).catch((error: Error) => {
    throw usageError(`--file: ${local} cannot be read: ${error.message}`)
  })
  if (!found.isFile()) throw usageError(`--file: ${local} is not a file`, 'Copy folders with "hearth cp" once the machine runs.')
  if (found.size > fileLimitBytes) {
    throw usageError(`--file: ${local} is larger than 128 KiB`, 'Copy it with "hearth cp" once the machine runs.')
  }
  const content = (await readFile(local)).toString('base64')
  return { path, content, mode: mode?.padStart(4, '0') ?? (found.mode & 0o777).toString(8).padStart(4, '0') }
}
