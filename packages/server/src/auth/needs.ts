/**
 * What a route asks of its caller. Every route declares it, in its `config`:
 *
 * - `config: needs('use')`: this scope in the namespace of the path (`:namespace`; without one: `default`). A namespace where the
 *   key is not good answers `namespace_not_found`, as one that does not exist; a scope that is too small `forbidden`.
 * - `config: needs('admin', 'server')`: this scope, with a key that is good everywhere (templates, the server itself).
 * - `config: needs('read', 'any')`: this scope wherever the key is good; the handler shows only what `request.caller` may see.
 * - `config: needsNoKey`: everyone may ask. Only for what tells nothing.
 *
 * A handler that touches a further namespace (one named in the body) asks `request.caller.require('use', namespace)`.
 * Requests other than GET, and WebSockets that need more than `read`, are written to the audit log. A route that declares
 * nothing is for the admin of the server alone, and a test names it.
 */
import type { KeyScope } from '@hearth/model'
import type { Caller } from './caller.ts'

export interface Needs {
  readonly scope: KeyScope | 'nothing'
  readonly of: 'namespace' | 'server' | 'any'
}

declare module 'fastify' {
  interface FastifyContextConfig {
    needs?: Needs
  }
  interface FastifyRequest {
    /** Who asks, and what they may. */
    caller: Caller
    /** By another server, which has counted and noted it. */
    passedOn: boolean
  }
}

/** The `config` of a route that only a caller with `scope` may ask. */
export function needs(scope: KeyScope, of: Needs['of'] = 'namespace'): { readonly needs: Needs } {
  return { needs: { scope, of } }
}

/** The `config` of a route that everyone may ask. */
export const needsNoKey: { readonly needs: Needs } = { needs: { scope: 'nothing', of: 'any' } }
