import { readFileSync } from 'node:fs'
import type { Engine } from '@hearth/engine'
import { silentLog, systemClock } from '@hearth/model'
import { expect, it } from 'vitest'
import { ownerParts } from '../auth/testing/test-auth.ts'
import { createHttp } from './create-http.ts'
import { docsPage } from './docs-page/docs-page.ts'

const page = readFileSync(new URL('../../../../docs/reference/http.md', import.meta.url), 'utf8')

async function describedApi() {
  const app = createHttp({
    engine: {} as Engine,
    drivers: [],
    log: silentLog,
    clock: systemClock,
    system: { version: '1.2.3 <beta>', home: '/h', pid: 1, startedAt: 0 },
    stop: () => undefined,
    hostPaths: true,
    loopbackOnly: false,
    ...ownerParts(),
  })
  const document = (await app.inject('/openapi.json')).json() as {
    paths: Record<string, Record<string, { operationId: string }>>
  }
  await app.close()
  return document
}

const { paths, ...rest } = await describedApi()
const inNamespace = '/v1/namespaces/{namespace}/'
const operations = Object.entries(paths).flatMap(([path, item]) =>
  Object.keys(item).map((method) => ({ method: method.toUpperCase(), path })),
)
const short = operations.filter(({ path }) => !path.startsWith(inNamespace) || !paths[`/v1/${path.slice(inNamespace.length)}`])

it.each(short)('$method $path is in the reference of the API', ({ method, path }) => {
  const rows = page.split('\n').filter((line) => line.includes(`${path}\``) || line.includes(`${path}?`))
  expect(rows.join('\n')).toContain(method)
})

it('gives every path of the namespace "default" to all namespaces', () => {
  const owned = operations.filter(({ path }) => /^\/v1\/(machines|snapshots|usage)\b/.test(path))
  expect(owned.length).toBeGreaterThan(25)
  for (const { method, path } of owned) expect(paths[path.replace('/v1/', inNamespace)]).toHaveProperty(method.toLowerCase())
})

it('shows every operation once on its page for people, and nothing that is not escaped', () => {
  const html = docsPage(JSON.stringify({ paths, ...rest }))
  const ids = [...html.matchAll(/<article id="(\w+)"/g)].map((match) => match[1])
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).toHaveLength(short.length)
  expect(html).toContain('Version 1.2.3 &lt;beta&gt;')
})
