import { type HearthError, type KeyScope, keyScopes, type Name } from '@hearth/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Caller, callerOf, nobody, ownerCaller } from './caller.ts'
import { mayManage } from './keys.ts'

const aScope = fc.constantFrom<KeyScope>(...keyScopes)
const aName = fc.constantFrom('default', 'red', 'blue', 'green') as fc.Arbitrary<Name>
const someNames = fc.uniqueArray(aName, { minLength: 1, maxLength: 4 })
const somewhere = fc.oneof(fc.constant('*' as const), someNames)
const aKey = fc.record({ scope: aScope, namespaces: somewhere })

/** What a decision says: nothing when it lets through. */
function answer(decide: () => void): string {
  try {
    decide()
    return 'yes'
  } catch (error) {
    return (error as HearthError).code
  }
}

const rank = (scope: KeyScope) => keyScopes.indexOf(scope)

describe('what a key may', () => {
  it('is exactly its scopes in exactly its namespaces', () => {
    fc.assert(
      fc.property(aKey, aScope, aName, (key, needed, namespace) => {
        const isVisible = key.namespaces === '*' || key.namespaces.includes(namespace)
        const isEnough = rank(key.scope) >= rank(needed)
        const expected = !isVisible ? 'namespace_not_found' : isEnough ? 'yes' : 'forbidden'
        expect(answer(() => callerOf(key).require(needed, namespace))).toBe(expected)
        expect(callerOf(key).sees(namespace)).toBe(isVisible)
      }),
    )
  })

  it('never shrinks with a larger scope or more namespaces', () => {
    fc.assert(
      fc.property(aKey, aScope, aName, aScope, aName, (key, larger, more, needed, namespace) => {
        const scope = rank(larger) > rank(key.scope) ? larger : key.scope
        const namespaces = key.namespaces === '*' ? key.namespaces : [...key.namespaces, more]
        const grown = callerOf({ scope, namespaces })
        if (answer(() => callerOf(key).require(needed, namespace)) === 'yes') {
          expect(answer(() => grown.require(needed, namespace))).toBe('yes')
        }
      }),
    )
  })

  it('reaches beyond namespaces only when it is good in all', () => {
    fc.assert(
      fc.property(aKey, aScope, (key, needed) => {
        const isEnough = rank(key.scope) >= rank(needed)
        expect(answer(() => callerOf(key).requireOnServer(needed))).toBe(isEnough && key.namespaces === '*' ? 'yes' : 'forbidden')
        expect(answer(() => callerOf(key).requireAnywhere(needed))).toBe(isEnough ? 'yes' : 'forbidden')
      }),
    )
  })

  it('is not changed by names that are none', () => {
    fc.assert(
      fc.property(someNames, fc.string(), (namespaces, text) => {
        fc.pre(!(namespaces as string[]).includes(text))
        expect(callerOf({ scope: 'admin', namespaces }).sees(text)).toBe(false)
      }),
    )
    expect(callerOf({ scope: 'admin', namespaces: ['red' as Name] }).sees('*')).toBe(false)
  })
})

describe('which keys an admin manages', () => {
  it('are those that can do nothing where it can do nothing', () => {
    fc.assert(
      fc.property(aKey, aKey, aName, (own, other, namespace) => {
        const [caller, managed] = [callerOf({ ...own, scope: 'admin' }), callerOf(other)]
        if (mayManage(caller, other)) {
          expect(caller.sees(namespace) || !managed.sees(namespace)).toBe(true)
          expect(caller.namespaces === '*' || managed.namespaces !== '*').toBe(true)
        }
      }),
    )
  })
})

it('the owner may everything, and nobody nothing', () => {
  fc.assert(
    fc.property(aScope, fc.string(), (scope, namespace) => {
      const ask = (caller: Caller) => [
        answer(() => caller.require(scope, namespace)),
        answer(() => caller.requireOnServer(scope)),
        answer(() => caller.requireAnywhere(scope)),
      ]
      expect(ask(ownerCaller)).toEqual(['yes', 'yes', 'yes'])
      expect(ask(nobody)).toEqual(['unauthenticated', 'unauthenticated', 'unauthenticated'])
    }),
  )
})
