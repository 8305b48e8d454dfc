import { type ImageSource, invalidInput } from '@hearth/model'

const forms = 'builtin:base, debian:SUITE, debian:SUITE?include=PKG,PKG, tar:/absolute/path or dir:/absolute/path'
const suite = /^[a-z][a-z0-9-]{0,31}$/
/** Debian policy, section 5.6.7. */
const debianPackage = /^[a-z0-9][a-z0-9+.-]{1,99}$/

/** Reads a source as users write it. @throws HearthError `invalid_input` */
export function parseImageSource(text: string, field = 'source'): ImageSource {
  const colon = text.indexOf(':')
  const kind = text.slice(0, Math.max(colon, 0))
  const rest = text.slice(colon + 1)
  switch (kind) {
    case 'builtin':
      if (rest !== 'base') throw invalidInput(field, text, 'the only builtin image is builtin:base')
      return { kind, name: 'base' }
    case 'debian':
      return parseDebian(rest, text, field)
    case 'tar':
    case 'dir':
      return { kind, path: parsePath(rest, text, field) }
    default:
      throw invalidInput(field, text, forms)
  }
}

/** The form that `parseImageSource` reads. */
export function formatImageSource(source: ImageSource): string {
  switch (source.kind) {
    case 'builtin':
      return `builtin:${source.name}`
    case 'debian':
      return source.include.length === 0 ? `debian:${source.suite}` : `debian:${source.suite}?include=${source.include.join(',')}`
    case 'tar':
    case 'dir':
      return `${source.kind}:${source.path}`
  }
}

function parseDebian(rest: string, text: string, field: string): ImageSource {
  const [name = '', query] = rest.split('?', 2)
  if (!suite.test(name)) throw invalidInput(field, text, 'the suite is a name such as bookworm')
  if (query === undefined) return { kind: 'debian', suite: name, include: [] }
  if (!query.startsWith('include=')) throw invalidInput(field, text, 'the only option is include=PKG,PKG')
  const include = query.slice('include='.length).split(',')
  for (const one of include) {
    if (!debianPackage.test(one)) throw invalidInput(field, text, `${JSON.stringify(one)} is no name of a Debian package`)
  }
  return { kind: 'debian', suite: name, include: [...new Set(include)].sort() }
}

function parsePath(path: string, text: string, field: string): string {
  const isPlain = path.startsWith('/') && !path.includes('\0') && !path.split('/').includes('..')
  if (!isPlain) throw invalidInput(field, text, 'an absolute path without ".."')
  return path
}
