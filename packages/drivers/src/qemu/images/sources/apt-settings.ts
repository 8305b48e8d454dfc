import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunOptions, run } from '../../../child/run.ts'
import { ifThere } from '../if-there.ts'

/** One line of what a computer installs from. */
export interface AptSource {
  readonly uri: string
  readonly suite: string
}

const uriPattern = /^https?:\/\/[\w.:[\]-]+(\/[\w.~%+-]+)*\/?$/
// mmdebstrap knows what belongs to a suite there, security updates included.
const usualMirror = /^https?:\/\/(deb|ftp)\.debian\.org\//

/**
 * Where to install `suite` from, as mmdebstrap takes it: nothing for Debian's own mirror, else this computer's mirror and what
 * it lists as updates of that very suite.
 */
export function mirrorArguments(sources: readonly AptSource[], suite: string): string[] {
  const mirror = sources.find(
    ({ uri, suite: listed }) => /\/debian\/?$/.test(uri) && !/-(updates|security|backports)$/.test(listed),
  )
  if (mirror === undefined || usualMirror.test(mirror.uri)) return []
  const updates = sources.filter((source) => [`${suite}-updates`, `${suite}-security`].includes(source.suite))
  return [{ uri: mirror.uri, suite }, ...updates].map(({ uri, suite: from }) => `deb ${uri} ${from} main`)
}

/** Parses a file of /etc/apt in either of its forms (sources.list(5)); lines that are no plain `deb` source are left out. */
export function parseAptSources(text: string): AptSource[] {
  const isDeb822 = /^types *:/im.test(text)
  const pairs = isDeb822 ? text.split(/\n\s*\n/).flatMap(stanzaSources) : text.split('\n').flatMap(lineSources)
  return pairs.filter(({ uri }) => uriPattern.test(uri))
}

/** What this computer installs from. Not a Debian: nothing. */
export async function hostAptSources(folder = '/etc/apt'): Promise<AptSource[]> {
  const more = (await ifThere(readdir(join(folder, 'sources.list.d')))) ?? []
  const files = [
    'sources.list',
    ...more
      .filter((name) => /\.(list|sources)$/.test(name))
      .sort()
      .map((name) => `sources.list.d/${name}`),
  ]
  const texts = await Promise.all(files.map((name) => ifThere(readFile(join(folder, name), 'utf8'))))
  return texts.flatMap((text) => parseAptSources(text ?? ''))
}

/** This computer's proxy for apt, as an option for another apt; mmdebstrap does not look for it itself. */
export async function proxyOptions(options: RunOptions): Promise<string[]> {
  const set: string[] = []
  for (const name of ['Acquire::http::Proxy', 'Acquire::https::Proxy']) {
    const value = (await run(['apt-config', 'dump', '--format', '%v%n', name], options)).split('\n')[0]?.trim() ?? ''
    if (uriPattern.test(value)) set.push(`${name} "${value}"`)
  }
  return set
}

function lineSources(line: string): AptSource[] {
  const [, uri = '', suite = ''] = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/.exec(line) ?? []
  return uri === '' ? [] : [{ uri, suite }]
}

function stanzaSources(stanza: string): AptSource[] {
  const lines = stanza.split('\n').filter((line) => !line.startsWith('#'))
  const words = (field: string) => {
    const line = lines.find((one) => one.toLowerCase().startsWith(`${field}:`))
    return (
      line
        ?.slice(field.length + 1)
        .trim()
        .split(/\s+/) ?? []
    )
  }
  if (!words('types').includes('deb') || words('enabled')[0] === 'no') return []
  return words('uris').flatMap((uri) => words('suites').map((suite) => ({ uri, suite })))
}
