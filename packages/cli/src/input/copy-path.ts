import { usageError } from '../cli-error.ts'

/** One side of a copy. */
export type CopyPath =
  | { readonly kind: 'machine'; readonly machine: string; readonly path: string }
  | { readonly kind: 'local'; readonly path: string }
  /** stdin or stdout. */
  | { readonly kind: 'stream' }

/**
 * `MACHINE:/path`, a local path, or `-`. What begins with `/` or `.` is local, so that a file with a colon in its name can be
 * written `./a:b`. @throws CliError (usage)
 */
export function parseCopyPath(text: string): CopyPath {
  if (text === '-') return { kind: 'stream' }
  if (text === '') throw usageError('a path is empty')
  if (text.includes('\0')) throw usageError('a path holds a NUL character')
  const [, machine, path] = /^([^/.:][^/:]*):(.*)$/s.exec(text) ?? []
  if (machine === undefined || path === undefined) return { kind: 'local', path: text }
  if (path.startsWith('/')) return { kind: 'machine', machine, path }
  throw usageError(
    `"${text}": the path in a machine begins with "/"`,
    `Write ${machine}:/${path}, or ./${text} for a local file.`,
  )
}
