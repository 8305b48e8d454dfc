import { resolve } from 'node:path'
import { usageError } from '../cli-error.ts'

const hint = 'Use builtin:base, debian:SUITE?include=PACKAGE,PACKAGE, tar:FILE or dir:FOLDER.'

/** The image source of a template, as the server takes it; local paths are made absolute. @throws CliError (usage) */
export function parseTemplateSource(text: string): string {
  const [, kind, rest = ''] = /^([a-z]+):(.+)$/s.exec(text) ?? []
  if (kind === 'tar' || kind === 'dir') return `${kind}:${resolve(rest)}`
  if (kind === 'builtin' || kind === 'debian') return text
  throw usageError(`"${text}" is not an image source`, hint)
}
