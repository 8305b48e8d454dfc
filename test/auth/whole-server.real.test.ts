import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Hearth } from '@hearth/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askJson, buildBase, type MemoryServer, memoryServer } from '../server/support/memory-server.ts'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'

const open = ['/healthz', '/readyz', '/openapi.json', '/docs']

let folder: ScratchFolder
let home: string
let server: MemoryServer
let admin: string
let operations: { readonly method: string; readonly path: string }[]

beforeAll(async () => {
  folder = await scratchFolder()
  home = join(folder.path, 'home')
  server = await memoryServer(home, { listen: { host: '127.0.0.1', port: 0 } })
  admin = readFileSync(join(home, 'keys/admin'), 'utf8').trim()
  for (const name of ['red', 'blue']) await askJson(home, 'POST', '/v1/namespaces', { name })
  await buildBase(home)
  const { paths } = (await askJson(home, 'GET', '/openapi.json')) as { paths: Record<string, object> }
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  )
})
afterAll(async () => {
  await server.close()
  await folder[Symbol.asyncDispose]()
})

const client = (apiKey: string, namespace?: string) => new Hearth({ baseUrl: server.url ?? '', apiKey, namespace, maxRetries: 0 })

/** A key of the given scope in the given namespace. */
async function keyOf(scope: 'read' | 'use' | 'admin', ...namespaces: string[]): Promise<string> {
  return (await client(admin).keys.create('test', { scope, namespaces })).key
}

/** The path with values in the place of its parameters. */
function filled(path: string, namespace: string): string {
  const values: Record<string, string> = { namespace, port: '80', snapshot: 's-0000000000000000', key: 'k-0000000000000000' }
  return path.replaceAll(/\{([a-zA-Z*]+)\}/g, (_all, name: string) => values[name] ?? 'x')
}

async function ask(method: string, path: string, key?: string): Promise<{ status: number; text: string }> {
  const headers = { ...(key !== undefined && { authorization: `Bearer ${key}` }), 'x-request-id': 'same' }
  const body = ['POST', 'PUT', 'PATCH'].includes(method)
    ? { body: '{}', headers: { ...headers, 'content-type': 'application/json' } }
    : {}
  const answer = await fetch(server.url + path, { method, headers, ...body, signal: AbortSignal.timeout(20_000) })
  // Streams of events do not end.
  const text = answer.headers.get('content-type')?.startsWith('application/problem') ? await answer.text() : ''
  await answer.body?.cancel().catch(() => undefined)
  return { status: answer.status, text }
}

it('wrote its first key for its owner alone', () => {
  expect(admin).toMatch(/^hearth_[0-9a-f]{40}$/)
  expect(statSync(join(home, 'keys/admin')).mode & 0o777).toBe(0o600)
  expect(statSync(join(home, 'keys')).mode & 0o777).toBe(0o700)
})

describe('every operation', () => {
  it('is refused without a key, and with a wrong one', async () => {
    expect(operations.length).toBeGreaterThan(40)
    for (const { method, path } of operations) {
      if (open.includes(path)) continue
      expect([method, path, (await ask(method, filled(path, 'red'))).status]).toEqual([method, path, 401])
    }
  })

  it('of a namespace answers a key of another one as if there were no such namespace', async () => {
    const blue = await keyOf('admin', 'blue')
    const inNamespace = operations.filter(({ path }) => path.startsWith('/v1/namespaces/{namespace}'))
    expect(inNamespace.length).toBeGreaterThan(20)
    for (const { method, path } of inNamespace) {
      const hidden = await ask(method, filled(path, 'red'), blue)
      const missing = await ask(method, filled(path, 'nowhere'), blue)
      const [code] = /namespace_not_found|forbidden/.exec(hidden.text) ?? []
      expect([method, path, hidden.status, code]).toEqual([method, path, code === 'forbidden' ? 403 : 404, code])
      expect(hidden.text.replaceAll('red', 'NAME')).toBe(missing.text.replaceAll('nowhere', 'NAME'))
    }
  })

  it('that is forbidden in a hidden namespace is forbidden everywhere', async () => {
    const blue = await keyOf('admin', 'blue')
    for (const { method, path } of operations.filter(({ path }) => path.startsWith('/v1/namespaces/{namespace}'))) {
      const hidden = await ask(method, filled(path, 'red'), blue)
      if (hidden.status !== 403) continue
      expect([method, path, (await ask(method, filled(path, 'blue'), blue)).status]).toEqual([method, path, 403])
    }
  })

  it('that is no look is more than a reader may', async () => {
    const reader = await keyOf('read', 'red', 'default')
    for (const { method, path } of operations) {
      if (method === 'GET') continue
      expect([method, path, (await ask(method, filled(path, 'red'), reader)).status]).toEqual([method, path, 403])
    }
  })
})

describe('what is in one namespace', () => {
  it('is not there for keys of another', async () => {
    const [red, blue] = [client(await keyOf('use', 'red'), 'red'), client(await keyOf('use', 'blue'), 'blue')]
    const machine = await red.launch('base', { name: 'web' })
    await expect(blue.machines.get(machine.id)).rejects.toMatchObject({ code: 'machine_not_found' })
    await expect(blue.machines.get('web')).rejects.toMatchObject({ code: 'machine_not_found' })
    expect(await blue.machines.list().toArray()).toEqual([])
    const snapshot = await machine.snapshot({ tag: 'mine' })
    await expect(blue.snapshots.get(snapshot.id)).rejects.toMatchObject({ code: 'snapshot_not_found' })
    await expect(blue.snapshots.restore(snapshot.id)).rejects.toMatchObject({ code: 'snapshot_not_found' })
    await expect(blue.in('red').machines.get(machine.id)).rejects.toMatchObject({ code: 'namespace_not_found' })
    await expect(red.snapshots.copy(snapshot.id, { namespace: 'blue' })).rejects.toMatchObject({ code: 'namespace_not_found' })
    expect((await blue.namespaces.list()).map(({ name }) => name)).toEqual(['blue'])
    expect((await blue.system.stats()).machines.running).toBe(0)
    await machine.remove()
  })

  it('is heard of by its own keys alone', async () => {
    const [red, blue] = [client(await keyOf('use', 'red'), 'red'), client(await keyOf('read', 'blue'), 'blue')]
    const leave = new AbortController()
    const heard: string[] = []
    const listening = (async () => {
      for await (const event of blue.events({ signal: leave.signal })) {
        heard.push(`${event.namespace}`)
        if (event.namespace === 'blue') return
      }
    })()
    await (await red.launch('base')).remove()
    const own = await client(admin, 'blue').launch('base')
    await listening
    leave.abort()
    expect(heard.filter((one) => one === 'red')).toEqual([])
    await own.remove()
  })

  it('cannot be run by who may only look', async () => {
    const reader = client(await keyOf('read', 'red'), 'red')
    const machine = await client(admin, 'red').launch('base', { name: 'looked-at' })
    expect((await reader.machines.get('looked-at')).id).toBe(machine.id)
    await expect((await reader.machines.get('looked-at')).exec('true')).rejects.toMatchObject({ code: 'forbidden' })
    await expect((await reader.machines.get('looked-at')).remove()).rejects.toMatchObject({ code: 'forbidden' })
    await machine.remove()
  })

  it('runs programs by a ticket for who may', async () => {
    const user = client(await keyOf('use', 'red'), 'red')
    const machine = await user.launch('base')
    await machine.exec('true')
    await machine.remove()
    const entries = await client(admin).keys.audit({ limit: 5 }).toArray(5)
    expect(entries.map(({ method, status, namespace }) => [method, status, namespace])).toContainEqual(['GET', 101, 'red'])
  })
})

it('remembers over its end who asked for what, and its keys', async () => {
  const { id, key } = await client(admin).keys.create('kept', { scope: 'use', namespaces: ['blue'] })
  await client(key, 'blue').launch('base', { name: 'last' })
  await server.close()
  server = await memoryServer(home, { listen: { host: '127.0.0.1', port: 0 }, host: server.host })
  expect(readFileSync(join(home, 'keys/admin'), 'utf8').trim()).toBe(admin)
  const [last] = await client(admin).keys.audit({ limit: 1 }).toArray(1)
  expect(last).toMatchObject({ key: id, method: 'POST', path: '/v1/namespaces/blue/machines', namespace: 'blue', status: 201 })
  const kept = await client(key).keys.self()
  expect(kept).toMatchObject({ id, state: 'valid' })
  expect(Date.now() - Date.parse(kept.lastUsedAt ?? '')).toBeLessThan(120_000)
})
