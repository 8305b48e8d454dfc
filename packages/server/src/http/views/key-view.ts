import type { AccessKey, AuditEntry } from '@hearth/model'
import type { AuditEntryResource, KeyResource } from '@hearth/protocol'
import { keyState } from '../../auth/key-state.ts'
import { timeView } from './time-view.ts'

/** A key as the API shows it: never its hash. */
export function keyView(key: AccessKey, nowMs: number): KeyResource {
  const { id, name, prefix, scope, namespaces, requestsPerMinute, createdAt, expiresAt, revokedAt, lastUsedAt, rotatedTo } = key
  return {
    id,
    name,
    prefix,
    state: keyState(key, nowMs),
    scope,
    namespaces: namespaces === '*' ? namespaces : [...namespaces],
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
    createdAt: timeView(createdAt),
    ...(expiresAt !== undefined && { expiresAt: timeView(expiresAt) }),
    ...(revokedAt !== undefined && { revokedAt: timeView(revokedAt) }),
    ...(lastUsedAt !== undefined && { lastUsedAt: timeView(lastUsedAt) }),
    ...(rotatedTo !== undefined && { rotatedTo }),
  }
}

/** A line of the audit log as the API shows it. */
export function auditView({ at, ...entry }: AuditEntry): AuditEntryResource {
  return { ...entry, at: timeView(at) }
}
