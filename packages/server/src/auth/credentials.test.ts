import { describe, expect, it } from 'vitest'
import { credentialOf, withoutTicket } from './credentials.ts'

describe('what a request offers', () => {
  it.each([
    [{ authorization: 'Bearer abc' }, { kind: 'key', secret: 'abc' }],
    [{ authorization: 'BEARER  abc ' }, { kind: 'key', secret: 'abc' }],
    [{ 'x-api-key': 'abc' }, { kind: 'key', secret: 'abc' }],
    [
      { authorization: 'Basic YTpi', 'x-api-key': 'abc' },
      { kind: 'key', secret: 'abc' },
    ],
    [
      { authorization: 'Bearer one', 'x-api-key': 'two' },
      { kind: 'key', secret: 'one' },
    ],
    [{ authorization: 'Bearer' }, undefined],
    [{ authorization: 'Bearer a b' }, undefined],
    [{ cookie: 'key=abc' }, undefined],
    [{ upgrade: 'WebSocket' }, { kind: 'ticket', secret: 't+1' }],
    [
      { upgrade: 'websocket', 'x-api-key': 'abc' },
      { kind: 'key', secret: 'abc' },
    ],
    [{ upgrade: 'h2c' }, undefined],
  ])('in %j', (headers, credential) => {
    expect(credentialOf('/v1/x?ticket=t%2B1&ticket=2', headers)).toEqual(credential)
  })
})

it.each([
  ['/a', '/a'],
  ['/a?ticket=1', '/a'],
  ['/a?b=1&ticket=1&c=%26ticket', '/a?b=1&c=%26ticket'],
  ['/a?tickets=1&ticket', '/a?tickets=1'],
  ['/a?b=?ticket=1', '/a?b=?ticket=1'],
])('%s goes on as %s', (url, passedOn) => {
  expect(withoutTicket(url)).toBe(passedOn)
})
