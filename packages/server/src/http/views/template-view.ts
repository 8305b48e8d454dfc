import type { ReadyCheck, Template } from '@hearth/model'
import { type BuildProgress, formatImageSource, type ReadyCheckInput, type TemplateResource } from '@hearth/protocol'
import { timeView } from './time-view.ts'

/** A template as the API shows it, with how far its build is. */
export function templateView(template: Template, build?: { readonly latest: BuildProgress | undefined }): TemplateResource {
  const { spec } = template
  return {
    ref: template.ref,
    name: template.name,
    version: template.version,
    state: template.state,
    ...(template.failure !== undefined && { failure: template.failure }),
    ...(template.state === 'building' && build?.latest !== undefined && { progress: build.latest }),
    source: formatImageSource(spec.source),
    resources: spec.resources,
    env: { ...spec.env },
    ...(spec.start !== undefined && { start: [...spec.start] }),
    ...(spec.ready !== undefined && { ready: readyView(spec.ready) }),
    readyTimeoutMs: spec.readyTimeoutMs,
    egress: spec.egress,
    contentDigest: template.contentDigest,
    createdAt: timeView(template.createdAt),
    rev: template.rev,
  }
}

/** A ready check as the API shows it. */
function readyView(ready: ReadyCheck): ReadyCheckInput {
  switch (ready.kind) {
    case 'command':
      return { command: [...ready.argv] }
    case 'port':
      return { port: ready.port }
    case 'log':
      return { log: ready.pattern }
  }
}

/** A ready check as the engine knows it. */
export function readyCheck(ready: ReadyCheckInput): ReadyCheck {
  if ('command' in ready) return { kind: 'command', argv: ready.command }
  if ('port' in ready) return { kind: 'port', port: ready.port }
  return { kind: 'log', pattern: ready.log }
}
