import { CliError } from '../../cli-error.ts'

/**
 * The part of `path` below `root`, both absolute paths of a machine. A machine is not trusted with names: what is not below
 * the root, or has "..", "." or empty parts, is refused. @throws CliError
 */
export function relativeBelow(root: string, path: string): string {
  const prefix = root.endsWith('/') ? root : `${root}/`
  const below = path.startsWith(prefix) ? path.slice(prefix.length) : ''
  const parts = below.split('/')
  const isSafe = parts.every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'))
  if (isSafe) return below
  throw new CliError(`the machine listed ${JSON.stringify(path)} below ${root}, which is not below it; nothing was written there`)
}
