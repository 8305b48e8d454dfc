import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { MemoryHost } from '@hearth/drivers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'
import { ask, askJson, buildBase, type MemoryServer, memoryServer } from './support/memory-server.ts'

let folder: ScratchFolder
let home: string
let server: MemoryServer

beforeEach(async () => {
  folder = await scratchFolder()
  home = join(folder.path, 'home')
  server = await memoryServer(home)
})
afterEach(async () => {
  await server.close()
  await folder[Symbol.asyncDispose]()
})

it('serves its own user alone, from template to ended machine', async () => {
  expect(statSync(join(home, 'hearth.sock')).mode & 0o777).toBe(0o600)
  expect(await buildBase(home)).toMatchObject({ ref: 'base@1', state: 'ready' })
  const machine = await askJson(home, 'POST', '/v1/machines', { template: 'base', name: 'web', secrets: { KEY: 'hush' } })
  expect(machine).toMatchObject({ state: 'running', name: 'web', boot: { method: 'restored' } })
  expect(await askJson(home, 'POST', '/v1/machines', { template: 'base', name: 'web' })).toMatchObject({ code: 'name_taken' })
  const snapshot = await askJson(home, 'POST', '/v1/machines/web/snapshots?wait=60', { tag: 'one' })
  expect(snapshot).toMatchObject({ state: 'ready', source: machine.id })
  const restored = await askJson(home, 'POST', `/v1/snapshots/${snapshot.id}/restore`, { name: 'copy' })
  expect(restored).toMatchObject({ restoredFromSnapshot: true, ttlExpired: false })
  const copy = restored.machine as Record<string, unknown>
  expect(copy).toMatchObject({ restoredFrom: snapshot.id })
  expect(copy.machineUuid).not.toBe(machine.machineUuid)
  expect(await askJson(home, 'DELETE', `/v1/snapshots/${snapshot.id}`)).toMatchObject({ code: 'snapshot_in_use' })
  const { results } = await askJson(home, 'POST', '/v1/machines/web/fork', { count: 3, name: 'f' })
  expect(results).toMatchObject([{ machine: { name: 'f-1' } }, { machine: { name: 'f-2' } }, { machine: { name: 'f-3' } }])
  expect(await askJson(home, 'POST', '/v1/machines/web/pause')).toMatchObject({ state: 'paused' })
  expect(await askJson(home, 'POST', '/v1/machines/web/resume')).toMatchObject({ state: 'running' })
  expect(await askJson(home, 'GET', '/v1/machines/web/receipt')).toHaveProperty('verifiedAt')
  const { items } = (await askJson(home, 'GET', '/v1/machines')) as { items: { id: string }[] }
  expect(items).toHaveLength(5)
  for (const { id } of items) expect(await askJson(home, 'DELETE', `/v1/machines/${id}`)).toEqual({})
  expect((await askJson(home, 'GET', '/v1/machines')).items).toEqual([])
  expect(server.host.machines.size).toBe(0)
})

it('cancels a build whose client waits for it and goes away, and leaves nothing of it', async () => {
  const { reached } = server.host.faults.hold('build')
  const leave = new AbortController()
  const answer = ask(home, 'POST', '/v1/templates?wait=60', { name: 'base', source: 'builtin:base' }, leave.signal)
  await reached
  leave.abort()
  await expect(answer).rejects.toThrow()
  await waitUntil('the build to be undone', async () => {
    const { items } = (await askJson(home, 'GET', '/v1/templates')) as { items: unknown[] }
    return items.length === 0 && server.host.templates.size === 0
  })
})

it('cancels a launch whose client goes away, and leaves nothing of it', async () => {
  await buildBase(home)
  const { reached } = server.host.faults.hold('restore')
  const leave = new AbortController()
  const answer = ask(home, 'POST', '/v1/machines', { template: 'base' }, leave.signal)
  await reached
  leave.abort()
  await expect(answer).rejects.toThrow()
  await waitUntil('the launch to be undone', async () => {
    const { items } = (await askJson(home, 'GET', '/v1/machines')) as { items: unknown[] }
    return items.length === 0 && server.host.machines.size === 0
  })
})

it('ends every request under way when it ends, soon, and leaves its machines running', async () => {
  await buildBase(home)
  await askJson(home, 'POST', '/v1/machines', { template: 'base', name: 'web' })
  const events = await ask(home, 'GET', '/v1/events')
  const logs = await ask(home, 'GET', '/v1/machines/web/logs?follow=1')
  server.host.faults.hang('build')
  await askJson(home, 'POST', '/v1/templates', { name: 'other', source: 'builtin:base', noCache: true })
  const build = await ask(home, 'GET', '/v1/templates/other@1/events')
  const exec = new WebSocket(`ws+unix://${join(home, 'hearth.sock')}:/v1/machines/web/exec`)
  const closed = once(exec, 'close')
  await once(exec, 'open')
  exec.send(JSON.stringify({ argv: ['sleep', '1000'] }))
  await once(exec, 'message')

  const began = performance.now()
  await server.close()
  expect(performance.now() - began).toBeLessThan(3000)
  await Promise.allSettled([text(events), text(logs), text(build)])
  await closed
  expect(existsSync(join(home, 'hearth.sock'))).toBe(false)
  expect([...server.host.machines.values()].map((machine) => machine.state)).toEqual(['running'])
})

it('takes its machines back when it starts again on the same host', async () => {
  await buildBase(home)
  const { id } = await askJson(home, 'POST', '/v1/machines', { template: 'base', name: 'web' })
  await server.close()
  server = await memoryServer(home, { host: server.host })
  expect(await askJson(home, 'GET', '/v1/machines/web')).toMatchObject({ id, state: 'running' })
})

it('says of a machine that is gone that it is lost', async () => {
  await buildBase(home)
  const { id } = await askJson(home, 'POST', '/v1/machines', { template: 'base' })
  await server.close()
  server = await memoryServer(home, { host: new MemoryHost() })
  expect(await askJson(home, 'GET', `/v1/machines/${id}`)).toMatchObject({ state: 'lost' })
})

it('is the only one of its home', async () => {
  await expect(memoryServer(home)).rejects.toMatchObject({ code: 'state_conflict', details: { holderPid: process.pid } })
  expect(await askJson(home, 'GET', '/healthz')).toEqual({ ok: true })
})

it('resolves "asked" when the API is told to stop', async () => {
  expect(await askJson(home, 'POST', '/v1/system/stop')).toEqual({ stopping: true })
  await server.asked
})

it('answers on loopback where that is set, and refuses an address that is taken', async () => {
  await server.close()
  server = await memoryServer(home, { listen: { host: '127.0.0.1', port: 0 } })
  const url = server.url ?? ''
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ ok: true })
  expect(
    (
      await fetch(`${url}/v1/templates`, {
        method: 'POST',
        body: '{"name":"a","source":"tar:/etc"}',
        headers: { 'content-type': 'application/json' },
      })
    ).status,
  ).toBe(401)
  const other = join(folder.path, 'other')
  const listen = { host: '127.0.0.1', port: Number(new URL(url).port) }
  await expect(memoryServer(other, { listen })).rejects.toMatchObject({
    message: expect.stringMatching(/^listen: .*cannot be listened on/),
  })
  // Nothing of the failed start is in the way of the next one.
  await (await memoryServer(other)).close()
})

it('is not harmed by a client that says nonsense', async () => {
  const socket = createConnection(join(home, 'hearth.sock'))
  socket.write('\0\x01\x02 nonsense\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
  expect(await askJson(home, 'GET', '/healthz')).toEqual({ ok: true })
})
