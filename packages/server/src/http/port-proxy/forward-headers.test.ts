import { expect, it } from 'vitest'
import { requestHeaders } from './forward-headers.ts'

it('keeps from a machine all that tells a server who asks', () => {
  const secret = { authorization: 'Bearer x', 'x-api-key': 'x', 'idempotency-key': 'x', 'x-hearth-passport': 'x' }
  const asked = { port: 80, ip: undefined, protocol: 'http', prefix: '/p' }
  const sent = requestHeaders({ headers: { ...secret, accept: 'text/html' }, ...asked })
  expect(Object.keys(sent)).toEqual(['accept', 'host', 'connection', 'x-forwarded-proto', 'x-forwarded-prefix'])
})
