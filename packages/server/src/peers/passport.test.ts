import type { KeyId, Name } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { readPassport, writePassport } from './passport.ts'

const passage = { from: 'h-1', to: 'h-2', method: 'POST', url: '/v1/machines?x=1', at: 1_000_000 }
const grant = { scope: 'use' as const, namespaces: ['red' as Name], id: 'k-1' as KeyId, hash: 'abc' }
const { from: _, at: __, ...expected } = passage
const written = writePassport('secret', passage, grant)

describe('a passport', () => {
  it('tells whose request it is, with all that caller may do and no more', () => {
    const caller = readPassport('secret', expected, 1_000_500, written)
    expect(caller).toMatchObject({ isKnown: true, key: 'k-1', keyHash: 'abc', namespaces: ['red'], grant })
    expect(() => caller.require('use', 'red')).not.toThrow()
    expect(() => caller.require('admin', 'red')).toThrow('scope')
    expect(() => caller.require('read', 'blue')).toThrow('blue')
  })

  it('of the owner of a server names no key', () => {
    const owner = writePassport('secret', passage, { scope: 'admin', namespaces: '*' })
    expect(readPassport('secret', expected, 1_000_000, owner)).toMatchObject({ isKnown: true, namespaces: '*' })
    expect(readPassport('secret', expected, 1_000_000, owner).key).toBeUndefined()
  })

  const refused = (why: string, given: string, now = 1_000_000, secret = 'secret', change: Partial<typeof expected> = {}) =>
    it(`is refused ${why}`, () => {
      expect(() => readPassport(secret, { ...expected, ...change }, now, given)).toThrow('refused')
    })

  const [text = '', signed = ''] = written.split('.')
  const richer = Buffer.from(JSON.stringify({ ...passage, grant: { ...grant, scope: 'admin' } })).toString('base64url')
  refused('with the secret of another process', written, 1_000_000, 'other')
  refused('changed', `${richer}.${signed}`)
  refused('without a signature', text)
  refused('empty', '')
  refused('that is no JSON', `${Buffer.from('no').toString('base64url')}.AAAA`)
  refused('for another server', written, 1_000_000, 'secret', { to: 'h-3' })
  refused('for another address', written, 1_000_000, 'secret', { url: '/v1/keys' })
  refused('for another method', written, 1_000_000, 'secret', { method: 'DELETE' })
  refused('a minute later', written, 1_060_001)
  refused('from a minute ahead', written, 939_999)
})
