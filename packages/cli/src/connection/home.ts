import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CliError } from '../cli-error.ts'

/** A unix socket's path holds 107 bytes. */
const longestSocketPath = 107

/** Where Hearth keeps everything: `--home`, HEARTH_HOME, else /var/lib/hearth for root and ~/.hearth for others. */
export function chooseHome(flag: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  if (flag) return resolve(flag)
  if (env.HEARTH_HOME) return resolve(env.HEARTH_HOME)
  const isRoot = process.getuid?.() === 0
  return isRoot ? '/var/lib/hearth' : join(homedir(), '.hearth')
}

/** The server's socket. @throws CliError when the path is too long for one */
export function socketPathOf(home: string): string {
  const path = join(home, 'hearth.sock')
  if (Buffer.byteLength(path) <= longestSocketPath) return path
  throw new CliError(`the socket's path "${path}" is longer than ${longestSocketPath} bytes`, {
    hint: 'Choose a shorter home: --home or HEARTH_HOME.',
  })
}
