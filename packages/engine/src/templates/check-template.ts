import { type Egress, type ImageSource, invalidInput, limits, parseName, type ReadyCheck, type TemplateSpec } from '@hearth/model'
import { checkArgv, checkEnv, checkGuestPath, checkResources, defaultResources, oneOf, whole } from '../input/checks.ts'
import { compileLogPattern } from '../launch/log-pattern.ts'
import type { TemplateRequest } from './engine-templates.ts'

const suite = /^[a-z][a-z0-9-]{1,31}$/
const packageName = /^[a-z0-9][a-z0-9+.-]{1,127}$/
const mostPackages = 512

/** Fills in the defaults and checks every part. @throws HearthError `invalid_input` */
export function checkTemplate(request: TemplateRequest): TemplateSpec {
  const start = request.start && checkArgv(request.start, 'start')
  const ready = request.ready && checkReady(request.ready)
  if (ready?.kind === 'log' && !start)
    throw invalidInput('ready', 'log', 'a log check reads the output of a start command; there is none')
  return {
    name: parseName(request.name),
    source: checkSource(request.source),
    resources: checkResources(request.resources ?? {}, defaultResources),
    env: checkEnv(request.env ?? {}, 'env'),
    ...(start && { start }),
    ...(ready && { ready }),
    readyTimeoutMs: whole(request.readyTimeoutMs ?? limits.readyTimeoutMs.default, limits.readyTimeoutMs, 'readyTimeoutMs'),
    egress: oneOf<Egress>(request.egress ?? 'none', ['none', 'open', 'allow-list'], 'egress'),
  }
}

function checkReady(ready: ReadyCheck): ReadyCheck {
  oneOf<string>(ready.kind, ['command', 'port', 'log'], 'ready')
  switch (ready.kind) {
    case 'command':
      return { kind: 'command', argv: checkArgv(ready.argv, 'ready.command') }
    case 'port':
      return { kind: 'port', port: whole(ready.port, { min: 1, max: 65_535 }, 'ready.port') }
    case 'log':
      compileLogPattern(ready.pattern)
      return { kind: 'log', pattern: ready.pattern }
  }
}

function checkSource(source: ImageSource): ImageSource {
  oneOf<string>(source.kind, ['builtin', 'debian', 'tar', 'dir'], 'source')
  switch (source.kind) {
    case 'builtin':
      return { kind: 'builtin', name: oneOf(source.name, ['base'], 'source') }
    case 'debian':
      return { kind: 'debian', suite: checkSuite(source.suite), include: checkPackages(source.include) }
    case 'tar':
    case 'dir':
      return { kind: source.kind, path: checkGuestPath(source.path, 'source') }
  }
}

function checkSuite(text: string): string {
  if (!suite.test(text)) throw invalidInput('source.suite', text, 'a Debian suite such as "bookworm"')
  return text
}

/** Sorted, each once: the order in which packages are named changes nothing. */
function checkPackages(include: readonly string[]): readonly string[] {
  if (include.length > mostPackages) throw invalidInput('source.include', `${include.length} packages`, `at most ${mostPackages}`)
  const wrong = include.find((each) => !packageName.test(each))
  if (wrong !== undefined) throw invalidInput('source.include', wrong, 'Debian package names')
  return [...new Set(include)].sort()
}
