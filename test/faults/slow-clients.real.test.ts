import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pass } from 'node:timers/promises'
import type { Log } from '@hearth/model'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { apiClient, type Call } from '../server/support/api-client.ts'
import { buildBase, type MemoryServer, memoryServer } from '../server/support/memory-server.ts'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'

let folder: ScratchFolder
let home: string
let server: MemoryServer
let call: Call
const logged: string[] = []
const sockets: Socket[] = []
const note = (event: string) => void logged.push(event)
const log: Log = { debug: () => undefined, info: () => undefined, warn: note, error: note }

beforeEach(async () => {
  folder = await scratchFolder()
  home = join(folder.path, 'home')
  server = await memoryServer(home, { log })
  call = apiClient(home)
  await buildBase(home)
  logged.length = 0
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server.close()
  await folder[Symbol.asyncDispose]()
})

async function opened(): Promise<Socket> {
  const socket = connect(join(home, 'hearth.sock'))
  sockets.push(socket)
  socket.on('error', () => undefined) // Some are cut off on purpose.
  await once(socket, 'connect')
  return socket
}

const body = JSON.stringify({ template: 'base', name: 'slow' })
const head = `POST /v1/machines HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`

it('serves a client that sends its request byte by byte, and others meanwhile', async () => {
  const socket = await opened()
  const answer = text(socket)
  for (const [index, byte] of [...(head + body)].entries()) {
    socket.write(byte)
    await pass(1)
    if (index % 50 === 0) expect((await call('GET', '/healthz')).status).toBe(200)
  }
  expect(await answer).toMatch(/^HTTP\/1\.1 201 /)
})

it('takes a client that goes away in the middle of its body for no fault of its own', async () => {
  const socket = await opened()
  socket.write(head + body.slice(0, 5))
  await pass(50)
  socket.destroy()
  expect((await call('GET', '/v1/machines')).body).toMatchObject({ items: [] })
  expect(logged).toEqual([])
})

it('serves beside 200 connections that say nothing', async () => {
  const idle = await Promise.all(Array.from({ length: 200 }, opened))
  const begunAt = performance.now()
  expect((await call('POST', '/v1/machines', { template: 'base' })).status).toBe(201)
  expect(performance.now() - begunAt).toBeLessThan(5000)
  expect(idle.filter(({ destroyed }) => destroyed)).toEqual([])
})

it('lets go of streams and WebSockets whose clients are gone', async () => {
  await call('POST', '/v1/machines', { template: 'base', name: 'web' })
  const handles = () => process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length
  const before = handles()
  for (const path of ['/v1/events', '/v1/machines/web/logs?follow=1', '/v1/machines/web/files/watch?path=/']) {
    const all = await Promise.all(Array.from({ length: 20 }, opened))
    for (const socket of all) socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)
    await Promise.all(all.map((socket) => once(socket, 'data')))
    for (const socket of all) socket.destroy()
  }
  const execs = Array.from({ length: 20 }, () => new WebSocket(`ws+unix://${home}/hearth.sock:/v1/machines/web/exec`))
  await Promise.all(execs.map((socket) => once(socket, 'open')))
  for (const socket of execs) socket.send(JSON.stringify({ argv: ['sleep', '1000'] }))
  await Promise.all(execs.map((socket) => once(socket, 'message')))
  for (const socket of execs) socket.terminate()
  await waitUntil('all connections to be gone', () => handles() <= before)
  await waitUntil('their processes to be ended', async () => {
    const { items } = (await call('GET', '/v1/machines/web/execs')).body as { items: { running: boolean }[] }
    return items.every(({ running }) => !running)
  })
  expect(logged).toEqual([])
})
