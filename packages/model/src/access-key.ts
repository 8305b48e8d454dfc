import { invalidInput } from './errors.ts'
import { letters, type Name, type RandomBytes } from './names.ts'

/** `k-` and 16 of a–z, 0–9: names a key without giving it away. */
export type KeyId = string & { readonly keyId: unique symbol }

/** Each includes the ones before it. `use`: launch and change machines and snapshots. `admin`: templates, namespaces, keys as well. */
export const keyScopes = ['read', 'use', 'admin'] as const
export type KeyScope = (typeof keyScopes)[number]

/** What the server knows of an API key. The key itself is shown once, when it is made, and kept nowhere. */
export interface AccessKey {
  readonly id: KeyId
  readonly name: string
  /** The first characters of the key, by which its owner recognises it. */
  readonly prefix: string
  /** SHA-256 of the whole key, lower-case hex. */
  readonly hash: string
  readonly scope: KeyScope
  /** Where it is good; `*` everywhere, also for what belongs to no namespace. */
  readonly namespaces: readonly Name[] | '*'
  /** Requests each minute; absent: the server's default. */
  readonly requestsPerMinute?: number
  readonly createdAt: number
  readonly expiresAt?: number
  readonly revokedAt?: number
  /** To the minute. */
  readonly lastUsedAt?: number
  /** The key that takes this one's place. */
  readonly rotatedTo?: KeyId
  readonly rev: number
}

/** One line of the audit log: a write, and who asked for it. */
export interface AuditEntry {
  readonly seq: number
  readonly at: number
  /** Absent on the unix socket, where the owner of the server asks. */
  readonly key?: KeyId
  readonly method: string
  /** The path as asked, without its query. */
  readonly path: string
  readonly namespace?: Name
  readonly status: number
  readonly requestId: string
}

/** @throws HearthError `invalid_input` */
export function parseKeyId(text: string, field = 'key'): KeyId {
  if (!/^k-[a-z0-9]{16}$/.test(text)) throw invalidInput(field, text, 'the id of a key is "k-" and 16 of a-z, 0-9')
  return text as KeyId
}

/** A fresh id of a key. */
export function newKeyId(random: RandomBytes): KeyId {
  return `k-${letters(random)}` as KeyId
}
