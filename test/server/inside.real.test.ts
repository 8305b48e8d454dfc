import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'
import { ask, askJson, buildBase, type MemoryServer, memoryServer } from './support/memory-server.ts'

let folder: ScratchFolder
let home: string
let server: MemoryServer
const inside = '/v1/machines/web'

beforeAll(async () => {
  folder = await scratchFolder()
  home = join(folder.path, 'home')
  server = await memoryServer(home)
  await buildBase(home)
  await askJson(home, 'POST', '/v1/machines', { template: 'base', name: 'web', env: { COLOUR: 'red' }, secrets: { KEY: 'hush' } })
})
afterAll(async () => {
  await server.close()
  await folder[Symbol.asyncDispose]()
})

/** A process in the machine, with everything it writes. */
function exec(opening: object) {
  const socket = new WebSocket(`ws+unix://${join(home, 'hearth.sock')}:${inside}/exec`)
  const events: { type: string; execId?: number; code?: number }[] = []
  const out: Buffer[] = []
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) out.push(data.subarray(1))
    else events.push(JSON.parse(data.toString()))
  })
  socket.once('open', () => socket.send(JSON.stringify(opening)))
  const closed = once(socket, 'close')
  const started = () => waitUntil('the process', () => events.find((event) => event.type === 'started'))
  return { socket, events, closed, started, output: () => Buffer.concat(out) }
}

/** Sends a body in pieces; `leaveAfter` breaks off behind so many of them. */
function put(path: string, pieces: readonly Buffer[], leaveAfter = Number.POSITIVE_INFINITY): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath: join(home, 'hearth.sock'), method: 'PUT', path: `${inside}/files?path=${path}` })
    request.once('response', (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode))
    })
    request.once('error', reject)
    const send = async () => {
      for (const [index, piece] of pieces.entries()) {
        if (index === leaveAfter) return request.destroy()
        if (!request.write(piece)) await once(request, 'drain')
      }
      request.end()
    }
    send().catch(reject)
  })
}

const exitOf = (events: readonly { type: string; code?: number }[]) => events.find((event) => event.type === 'exit')?.code

it('gives processes the environment and secrets of their machine', async () => {
  const process = exec({ argv: ['env'], env: { MINE: '1' } })
  await process.closed
  expect(process.output().toString().trim().split('\n')).toEqual(expect.arrayContaining(['COLOUR=red', 'KEY=hush', 'MINE=1']))
  expect(exitOf(process.events)).toBe(0)
})

it('brings every byte there and back, several processes at once', async () => {
  const sent = Array.from({ length: 4 }, () => randomBytes(4 * 1024 * 1024))
  const processes = sent.map(() => exec({ argv: ['cat'], stdin: true }))
  for (const [index, { socket, started }] of processes.entries()) {
    await started()
    const bytes = sent[index] ?? Buffer.alloc(0)
    for (let at = 0; at < bytes.length; at += 65_536)
      socket.send(Buffer.concat([Buffer.from([0]), bytes.subarray(at, at + 65_536)]))
    socket.send(JSON.stringify({ type: 'eof' }))
  }
  for (const [index, process] of processes.entries()) {
    await process.closed
    expect(process.output().equals(sent[index] ?? Buffer.alloc(0))).toBe(true)
    expect(exitOf(process.events)).toBe(0)
  }
})

it('ends a process with its client, and keeps one that was detached for the next client', async () => {
  const left = exec({ argv: ['cat'], stdin: true, tag: 'left' })
  const kept = exec({ argv: ['cat'], stdin: true, tag: 'kept', detach: true })
  await Promise.all([left.started(), kept.started()])
  kept.socket.send(Buffer.from('\0before '))
  await waitUntil('the echo', () => kept.output().length > 0)
  left.socket.terminate()
  kept.socket.terminate()
  await waitUntil('the first to end', async () => {
    const { items } = (await askJson(home, 'GET', `${inside}/execs`)) as { items: { tag?: string; running: boolean }[] }
    const running = (tag: string) => items.some((exec) => exec.tag === tag && exec.running)
    return !running('left') && running('kept')
  })
  const again = exec({ attach: 'kept' })
  await again.started()
  again.socket.send(Buffer.from('\0after'))
  again.socket.send(JSON.stringify({ type: 'eof' }))
  await again.closed
  expect(again.output().toString()).toBe('before after')
})

it('says why a process cannot be started', async () => {
  const process = exec({ argv: ['no-such-program'] })
  await process.closed
  expect(process.events).toMatchObject([{ type: 'error', error: { code: 'guest_error' } }])
})

it('keeps an attached process through a snapshot of its machine', async () => {
  const process = exec({ argv: ['cat'], stdin: true })
  await process.started()
  process.socket.send(Buffer.from('\0one '))
  expect(await askJson(home, 'POST', `${inside}/snapshots?wait=60`, {})).toMatchObject({ state: 'ready' })
  process.socket.send(Buffer.from('\0two'))
  process.socket.send(JSON.stringify({ type: 'eof' }))
  await process.closed
  expect([process.output().toString(), exitOf(process.events)]).toEqual(['one two', 0])
})

it('writes and reads a large file, byte for byte', async () => {
  const pieces = Array.from({ length: 128 }, () => randomBytes(65_536))
  expect(await put('/big', pieces)).toBe(204)
  const answer = await ask(home, 'GET', `${inside}/files?path=/big`)
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  expect(hash(await buffer(answer))).toBe(hash(Buffer.concat(pieces)))
  expect(JSON.parse(String(answer.headers['x-hearth-stat']))).toMatchObject({
    path: '/big',
    sizeBytes: 128 * 65_536,
    mode: '0644',
  })
})

it('leaves no file behind when the upload breaks off', async () => {
  const pieces = Array.from({ length: 64 }, () => Buffer.alloc(65_536))
  await expect(put('/half', pieces, 32)).rejects.toThrow()
  await waitUntil('nothing of it to be left', async () => {
    const { items } = (await askJson(home, 'GET', `${inside}/files/list?path=/`)) as { items: { path: string }[] }
    return items.every(({ path }) => !path.includes('half'))
  })
})

it('lets go of a file whose reader goes away, and serves the next', async () => {
  await put(
    '/big',
    Array.from({ length: 256 }, () => randomBytes(65_536)),
  )
  const leave = new AbortController()
  const answer = await ask(home, 'GET', `${inside}/files?path=/big`, undefined, leave.signal)
  await once(answer, 'readable')
  answer.once('error', () => undefined) // Broken off on purpose.
  leave.abort()
  expect(await askJson(home, 'GET', `${inside}/files/stat?path=/big`)).toMatchObject({ kind: 'file', sizeBytes: 256 * 65_536 })
})

it('says what is not there', async () => {
  for (const [method, path] of [
    ['GET', 'files?path=/none'],
    ['GET', 'files/stat?path=/none'],
    ['DELETE', 'files?path=/none'],
  ] as const) {
    expect(await askJson(home, method, `${inside}/${path}`)).toMatchObject({ code: 'guest_error' })
  }
})

it('tells of changes as they happen, until the client has heard enough', async () => {
  await askJson(home, 'POST', `${inside}/files/mkdir`, { path: '/watched' })
  const leave = new AbortController()
  const answer = await ask(home, 'GET', `${inside}/files/watch?path=/watched`, undefined, leave.signal)
  answer.setEncoding('utf8')
  answer.once('error', () => undefined) // Ended below.
  let heard = ''
  answer.on('data', (text: string) => {
    heard += text
  })
  await waitUntil('the watch to have begun', () => heard.includes('event: ready'))
  await put('/watched/a', [Buffer.from('x')])
  await waitUntil('the change', () => /event: change\ndata: \{.*"path":"a"/.test(heard))
  leave.abort()
})
