import { expect, it } from 'vitest'
import { Keys } from './keys.ts'
import { scriptedFetch } from './testing/scripted-fetch.ts'
import { Transport } from './transport.ts'

function connected(...bodies: object[]) {
  const { fetch, asked } = scriptedFetch(bodies.map((body) => ({ body: JSON.stringify(body) })))
  const keys = new Keys(new Transport({ baseUrl: 'http://h', apiKey: 'hearth_1', fetch, maxRetries: 0 }))
  const sent = () => asked.map(({ init, url }) => [init.method, url.replace('http://h/v1', ''), init.body].join(' ').trim())
  return { keys, sent }
}

it('asks for what it is told', async () => {
  const { keys, sent } = connected({ key: 'hearth_2' }, { items: [{ id: 'k-1' }] }, {}, {}, {}, {})
  expect((await keys.create('ci', { scope: 'read' })).key).toBe('hearth_2')
  expect(await keys.list({ all: true })).toEqual([{ id: 'k-1' }])
  await keys.get('k-1')
  await keys.self()
  await keys.rotate('k/1', { graceMs: 5 })
  await keys.revoke('k-1')
  expect(sent()).toEqual([
    'POST /keys {"name":"ci","scope":"read"}',
    'GET /keys?all=true',
    'GET /keys/k-1',
    'GET /keys/self',
    'POST /keys/k%2F1/rotate {"graceMs":5}',
    'DELETE /keys/k-1',
  ])
})

it('reads the audit log page by page', async () => {
  const { keys, sent } = connected({ items: [{ seq: 2 }], next: 'c' }, { items: [{ seq: 1 }] })
  expect(await keys.audit({ limit: 1 }).toArray()).toEqual([{ seq: 2 }, { seq: 1 }])
  expect(sent()).toEqual(['GET /audit?limit=1', 'GET /audit?limit=1&cursor=c'])
})
