import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Hearth, HearthApiError, type MachineRef } from '@hearth/sdk'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CliBed } from './support/cli-bed.ts'

let bed: CliBed
let hearth: Hearth
let web: MachineRef

beforeAll(async () => {
  const port = await freePort()
  bed = await CliBed.pretended(port)
  // With the fetch and the WebSocket that the platform has, as in a browser.
  hearth = new Hearth({ baseUrl: `http://127.0.0.1:${port}` })
  const steps: string[] = []
  await hearth.templates.build('base', 'builtin:base', { onProgress: ({ step }) => steps.push(step) })
  expect(steps.length).toBeGreaterThan(0)
  web = await hearth.launch('base', { name: 'web', env: { COLOUR: 'blue' } })
})

afterAll(() => bed.stop())

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

it('runs programs to their end and streams them as they go', async () => {
  expect(await web.exec('sh', ['-c', 'cat; echo $COLOUR >&2; exit 3'], { input: 'in' })).toEqual({
    code: 3,
    stdout: 'in',
    stderr: 'blue\n',
  })
  const process = await web.spawn('cat', [], { stdin: true })
  await process.write('one')
  const output = process[Symbol.asyncIterator]()
  expect((await output.next()).value).toMatchObject({ stream: 'stdout', bytes: new TextEncoder().encode('one') })
  await process.end()
  expect((await output.next()).done).toBe(true)
  expect(await process.wait()).toEqual({ code: 0 })
})

it('holds a program back while its output is not read', async () => {
  const process = await web.spawn('sh', [
    '-c',
    'i=0; while [ $i -lt 400 ]; do head -c 100000 /dev/zero; i=$((i + 1)); echo $i > $GUEST/tmp/written; done',
  ])
  const output = process[Symbol.asyncIterator]()
  await output.next()
  const written = async () => Number((await web.exec('sh', ['-c', 'cat $GUEST/tmp/written'])).stdout)
  // Once it stands still, what it has written is what fits between it and here.
  let [before, now] = [-1, await written()]
  while (now !== before) [before, now] = [now, await written()]
  expect(now).toBeLessThan(400)
  let bytes = 0
  for await (const chunk of process) bytes += chunk.bytes.byteLength
  expect(bytes).toBeGreaterThan(39_000_000)
})

it('ends a program when its signal is aborted', async () => {
  const controller = new AbortController()
  const process = await web.spawn('sleep', ['600'], { signal: controller.signal })
  const reason = new Error('enough')
  controller.abort(reason)
  await expect(process.wait()).rejects.toBe(reason)
})

it('writes and reads files, as streams too', async () => {
  async function* pieces() {
    for (let count = 0; count < 50; count++) yield new Uint8Array(100_000).fill(count)
  }
  await web.files.write('/tmp/streamed', pieces(), { mode: '0640' })
  const file = await web.files.read('/tmp/streamed')
  expect([file.stat.mode, file.stat.sizeBytes, (await file.bytes()).at(-1)]).toEqual(['0640', 5_000_000, 49])
  await web.files.makeDirectory('/tmp/ä b/c')
  await web.files.move('/tmp/streamed', '/tmp/ä b/moved')
  expect((await web.files.list('/tmp/ä b', { depth: 2 })).map(({ path }) => path).sort()).toEqual([
    '/tmp/ä b/c',
    '/tmp/ä b/moved',
  ])
  await web.files.remove('/tmp/ä b', { recursive: true })
  await expect(web.files.stat('/tmp/ä b')).rejects.toBeInstanceOf(HearthApiError)
})

it('tells of changes in a directory, and of changes of state', async () => {
  await web.files.makeDirectory('/tmp/watched')
  const changes = await web.files.watch('/tmp/watched')
  const change = changes.next()
  await web.files.write('/tmp/watched/new', 'x')
  expect((await change).value).toMatchObject({ path: expect.stringContaining('new') })
  await changes.return()

  const stop = new AbortController()
  const events = hearth.events({ signal: stop.signal })
  const paused = (async () => {
    for await (const event of events) if (event.state === 'paused') return event.id
    return undefined
  })()
  const { id } = await web.pause()
  expect(await paused).toBe(id)
  await web.resume()
  stop.abort()
})

it('refuses with a code, over HTTP and over WebSocket', async () => {
  await expect(hearth.machines.get('nobody')).rejects.toMatchObject({ code: 'machine_not_found', status: 404 })
  await expect(hearth.machines.ref('nobody').spawn('true')).rejects.toMatchObject({ code: 'machine_not_found' })
  await expect(web.spawn('')).rejects.toBeInstanceOf(HearthApiError)
  await expect(hearth.launch('base', { name: 'Not A Name' })).rejects.toMatchObject({ code: 'invalid_input' })
})
