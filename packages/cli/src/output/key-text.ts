import type { AuditEntryResource, KeyResource } from '@hearth/sdk'
import { facts, table } from './table.ts'
import { age } from './units.ts'

/** One line a key. */
export function keyTable(keys: readonly KeyResource[], nowMs: number): string {
  const rows = keys.map((key) => [
    key.id,
    key.name,
    `${key.prefix}…`,
    key.state,
    key.scope,
    places(key),
    key.expiresAt ?? '-',
    key.lastUsedAt === undefined ? '-' : age(key.lastUsedAt, nowMs),
  ])
  return table(['ID', 'NAME', 'KEY', 'STATE', 'SCOPE', 'NAMESPACES', 'EXPIRES', 'USED'], rows)
}

/** Everything about one key. */
export function keyText(key: KeyResource): string {
  return facts([
    ['id', key.id],
    ['name', key.name],
    ['key', `${key.prefix}…`],
    ['state', key.state],
    ['scope', key.scope],
    ['namespaces', places(key)],
    ['requests per minute', key.requestsPerMinute],
    ['created', key.createdAt],
    ['expires', key.expiresAt],
    ['last used', key.lastUsedAt],
    ['revoked', key.revokedAt],
    ['replaced by', key.rotatedTo],
  ])
}

/** What is said beside a key that was just made. */
export function newKeyText(key: KeyResource): string {
  const where = key.namespaces === '*' ? 'everywhere' : `in ${places(key)}`
  return `${key.id}: ${key.scope} ${where}. Keep the key now: it is not shown again.`
}

/** One line a request. */
export function auditTable(entries: readonly AuditEntryResource[]): string {
  const rows = entries.map((entry) => [
    entry.at,
    entry.key ?? 'owner',
    String(entry.status),
    entry.namespace ?? '-',
    `${entry.method} ${entry.path}`,
  ])
  return table(['AT', 'KEY', 'STATUS', 'NAMESPACE', 'REQUEST'], rows)
}

function places({ namespaces }: KeyResource): string {
  return namespaces === '*' ? '*' : namespaces.join(',')
}
