import type { TemplateResource } from '@hearth/sdk'
import { facts, table } from './table.ts'
import { age, duration } from './units.ts'

/** One line a template version. */
export function templateTable(templates: readonly TemplateResource[], nowMs: number): string {
  const rows = templates.map((template) => [
    template.ref,
    template.state,
    template.source,
    `${template.resources.vcpus} vCPU ${template.resources.memoryMiB} MiB`,
    age(template.createdAt, nowMs),
  ])
  return table(['TEMPLATE', 'STATE', 'SOURCE', 'SIZE', 'AGE'], rows)
}

/** Everything about one template version. */
export function templateText(template: TemplateResource): string {
  const { resources } = template
  return facts([
    ['template', template.ref],
    ['state', template.state],
    ['failure', template.failure],
    ['source', template.source],
    ['resources', `${resources.vcpus} vCPU, ${resources.memoryMiB} MiB memory, ${resources.diskMiB} MiB disk`],
    [
      'env',
      Object.entries(template.env)
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
    ],
    ['start', template.start && JSON.stringify(template.start)],
    ['ready when', template.ready && readyText(template.ready)],
    ['ready within', template.ready && duration(template.readyTimeoutMs)],
    ['egress', template.egress],
    ['content', template.contentDigest],
    ['created', template.createdAt],
  ])
}

function readyText(ready: NonNullable<TemplateResource['ready']>): string {
  if ('port' in ready) return `port ${ready.port} listens`
  if ('log' in ready) return `its output matches ${ready.log}`
  return `${JSON.stringify(ready.command)} exits with 0`
}
