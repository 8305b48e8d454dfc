import { createHash } from 'node:crypto'
import type { TemplateSpec } from '@hearth/model'

/** SHA-256 over all that decides what a template becomes; the name is not part of it. */
export function contentDigest(driver: string, sourceDigest: string, spec: TemplateSpec): string {
  const { name: _name, source: _source, ...rest } = spec
  const text = JSON.stringify(sorted({ driver, sourceDigest, ...rest }))
  return createHash('sha256').update(text).digest('hex')
}

/** The same value with the keys of every object in order, so that equal content gives equal text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}
