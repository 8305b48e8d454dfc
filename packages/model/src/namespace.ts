import { HearthError } from './errors.ts'
import type { Name } from './names.ts'

/** Where everything belongs that names no other namespace. It always exists and cannot be removed. */
export const defaultNamespace = 'default' as Name

/** Keeps the machines and snapshots of one team apart from those of others. Templates and pools belong to all. */
export interface Namespace {
  readonly name: Name
  readonly labels: Readonly<Record<string, string>>
  /** Most user snapshots it may hold. */
  readonly snapshotLimit: number
  /** Most bytes its snapshots may take on disk; absent: no bound. */
  readonly snapshotBytesLimit?: number
  /** The cleaner keeps this many of the newest user snapshots of each machine; absent: all. */
  readonly keepLast?: number
  readonly createdAt: number
  readonly rev: number
}

/** What a namespace holds now. */
export interface NamespaceUsage {
  readonly liveMachines: number
  readonly snapshots: number
  readonly snapshotBytes: number
}

export const namespaceDefaults = { snapshotLimit: 100 } as const

/** What a namespace answers that does not exist, and, in the same words, one that the caller may not see. */
export function namespaceNotFound(name: string): HearthError {
  return new HearthError('namespace_not_found', `there is no namespace ${JSON.stringify(name)}`, {
    hint: 'Perhaps it has another name, or your key is not good for it.',
  })
}
