import { invalidInput } from './errors.ts'
import type { ImageSource } from './template.ts'

/** How an image source is written, for messages and help texts. */
export const imageSourceRule =
  'write builtin:base, debian:SUITE, debian:SUITE?include=PACKAGE,PACKAGE, tar:/ABSOLUTE/PATH or dir:/ABSOLUTE/PATH'

const suiteRule = 'a suite is 2 to 32 of a-z, 0-9 and "-", beginning with a letter, for example bookworm'
const packageRule = 'a package is 2 to 64 of a-z, 0-9, "+", "." and "-", beginning with a letter or digit, not ending with "-"'
const suitePattern = /^[a-z][a-z0-9-]{0,30}[a-z0-9]$/
// apt reads "name-" as "remove name", so a trailing "-" must never get through.
const packagePattern = /^[a-z0-9][a-z0-9+.-]{0,62}[a-z0-9+.]$/
const maxPathLength = 4095
const maxPackages = 512

/**
 * Reads an image source as a person writes it. Says nothing about whether the image exists.
 * @throws HearthError `invalid_input`
 */
export function parseImageSource(text: string, field = 'source'): ImageSource {
  const colon = text.indexOf(':')
  const kind = colon < 0 ? text : text.slice(0, colon)
  const rest = colon < 0 ? '' : text.slice(colon + 1)
  switch (kind) {
    case 'builtin':
      if (rest !== 'base') throw invalidInput(field, text, 'the only built-in image is builtin:base')
      return { kind, name: rest }
    case 'debian':
      return parseDebian(rest, field)
    case 'tar':
    case 'dir':
      return { kind, path: parseHostPath(rest, kind, field) }
    default:
      throw invalidInput(field, text, imageSourceRule)
  }
}

/** The text that `parseImageSource` reads back as `source`. */
export function formatImageSource(source: ImageSource): string {
  switch (source.kind) {
    case 'builtin':
      return `builtin:${source.name}`
    case 'debian':
      return `debian:${source.suite}${source.include.length === 0 ? '' : `?include=${source.include.join(',')}`}`
    case 'tar':
    case 'dir':
      return `${source.kind}:${source.path}`
  }
}

function parseDebian(text: string, field: string): ImageSource {
  const [suite = '', query, ...more] = text.split('?')
  if (!suitePattern.test(suite)) throw invalidInput(`${field} (suite)`, suite, suiteRule)
  if (query === undefined) return { kind: 'debian', suite, include: [] }
  if (more.length > 0 || !query.startsWith('include=')) {
    throw invalidInput(field, `debian:${text}`, 'behind "?" only include=PACKAGE,PACKAGE is known')
  }
  const include = query.slice('include='.length).split(',')
  for (const name of include) {
    if (!packagePattern.test(name)) throw invalidInput(`${field} (package)`, name, packageRule)
  }
  if (include.length > maxPackages) throw invalidInput(field, `${include.length} packages`, `at most ${maxPackages}`)
  return { kind: 'debian', suite, include: [...new Set(include)].sort() }
}

function parseHostPath(path: string, kind: 'tar' | 'dir', field: string): string {
  if (!path.startsWith('/'))
    throw invalidInput(field, `${kind}:${path}`, `${kind}: needs an absolute path, such as ${kind}:/srv/image`)
  if (path.length > maxPathLength) throw invalidInput(field, `${kind}:${path}`, `a path has at most ${maxPathLength} characters`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are refused
  if (/[\u0000-\u001f\u007f]/.test(path)) throw invalidInput(field, `${kind}:${path}`, 'a path holds no control characters')
  if (kind === 'dir' && /^[/.]+$/.test(path)) throw invalidInput(field, `${kind}:${path}`, 'the root of the host is no image')
  return path
}
