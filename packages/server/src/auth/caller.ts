import { type AccessKey, HearthError, type KeyId, type KeyScope, keyScopes, type Name, namespaceNotFound } from '@hearth/model'

/** Of a key, or of the owner of the server: what it may do. */
export type Grant = Pick<AccessKey, 'scope' | 'namespaces'> & Partial<Pick<AccessKey, 'id' | 'hash'>>

/** Who asks. What a caller may not see is not there; what it may see but not do is forbidden. */
export interface Caller {
  /** False: whoever asked for what everyone may have. */
  readonly isKnown: boolean
  /** Absent: the owner of the server, on its unix socket. */
  readonly key?: KeyId
  /** Of the key; by it a ticket finds its key again. */
  readonly keyHash?: string
  /** What makes this caller, for another server; absent when it is not known. */
  readonly grant?: Grant
  /** Where the caller may do something at all; `*` everywhere, also with what belongs to no namespace. */
  readonly namespaces: readonly Name[] | '*'
  /** Whether the caller may see this namespace. */
  sees(namespace: string): boolean
  /** @throws HearthError `namespace_not_found` where the caller sees nothing, `forbidden` where its scope is too small */
  require(scope: KeyScope, namespace: string): void
  /** For what belongs to no namespace. @throws HearthError `forbidden` */
  requireOnServer(scope: KeyScope): void
  /** Wherever the caller may do something. @throws HearthError `forbidden` */
  requireAnywhere(scope: KeyScope): void
}

/** Whether `has` includes `needed`. */
function includesScope(has: KeyScope, needed: KeyScope): boolean {
  return keyScopes.indexOf(has) >= keyScopes.indexOf(needed)
}

/** Whoever may open the unix socket: everything is theirs. */
export const ownerCaller: Caller = callerOf({ scope: 'admin', namespaces: '*' })

/** Whoever it is: where no key is needed, nobody is asked for one. */
export const nobody: Caller = {
  isKnown: false,
  namespaces: [],
  sees: () => false,
  require: refuse,
  requireOnServer: refuse,
  requireAnywhere: refuse,
}

function refuse(): never {
  throw new HearthError('unauthenticated', 'this needs a key')
}

/** The caller that a key makes. */
export function callerOf(key: Grant): Caller {
  const { id, hash, scope, namespaces } = key
  const requireAnywhere = (needed: KeyScope) => {
    if (!includesScope(scope, needed)) throw tooSmall(scope, needed)
  }
  const sees = (namespace: string) => namespaces === '*' || namespaces.some((one) => one === namespace)
  return {
    isKnown: true,
    ...(id !== undefined && { key: id }),
    ...(hash !== undefined && { keyHash: hash }),
    grant: { scope, namespaces, ...(id !== undefined && { id }), ...(hash !== undefined && { hash }) },
    namespaces,
    sees,
    requireAnywhere,
    require(needed, namespace) {
      if (!sees(namespace)) throw namespaceNotFound(namespace)
      requireAnywhere(needed)
    },
    requireOnServer(needed) {
      requireAnywhere(needed)
      if (namespaces !== '*') throw notEverywhere(needed)
    },
  }
}

function tooSmall(has: KeyScope, needed: KeyScope): HearthError {
  return new HearthError('forbidden', `this needs the scope "${needed}", and the key has "${has}"`, {
    hint: `Use a key with the scope "${needed}".`,
    details: { needs: needed, has },
  })
}

function notEverywhere(needed: KeyScope): HearthError {
  return new HearthError('forbidden', `this needs the scope "${needed}" in all namespaces, and the key is good for some`, {
    hint: 'It belongs to no namespace: use a key that was made with "--everywhere".',
    details: { needs: needed, namespaces: '*' },
  })
}
