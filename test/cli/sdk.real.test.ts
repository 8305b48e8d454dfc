import { type Fetch, type FetchResponse, Hearth, HearthApiError, isHearthError, type MachineRef } from '@hearth/sdk'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CliBed } from './support/cli-bed.ts'

let bed: CliBed
let hearth: Hearth
let web: MachineRef

beforeAll(async () => {
  bed = await CliBed.pretended('--port', '0')
  // With the fetch and the WebSocket that the platform has, as in a browser.
  hearth = new Hearth(bed.remote)
  const steps: string[] = []
  await hearth.templates.build('base', 'builtin:base', { onProgress: ({ step }) => steps.push(step) })
  expect(steps.length).toBeGreaterThan(0)
  web = await hearth.launch('base', { name: 'web', env: { COLOUR: 'blue' } })
})

afterAll(() => bed.stop())

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

it('keeps namespaces apart, and lists page by page', async () => {
  await hearth.namespaces.create('team-a', { snapshotLimit: 3 })
  const team = hearth.in('team-a')
  const made = await Promise.all(Array.from({ length: 5 }, () => team.launch('base', { labels: { of: 'five' } })))
  const ids = async (filter = {}) => (await team.machines.list(filter).toArray()).map(({ id }) => id).sort()
  expect(await ids({ limit: 2 })).toEqual(made.map(({ id }) => id).sort())
  expect((await team.machines.list({ limit: 2 }).page()).items).toHaveLength(2)
  expect(await ids({ labels: { of: 'six' } })).toEqual([])
  expect((await Array.fromAsync(hearth.machines)).map(({ name }) => name)).toEqual(['web'])
  await expect(hearth.machines.get(made[0]?.id ?? '')).rejects.toMatchObject({ code: 'machine_not_found' })
  expect(await team.usage()).toMatchObject({ liveMachines: 5, snapshotLimit: 3 })
  await expect(hearth.namespaces.remove('team-a')).rejects.toMatchObject({ code: 'namespace_in_use' })
  await Promise.all(made.map((machine) => machine.remove()))
  await hearth.namespaces.remove('team-a')
  await expect(hearth.in('team-a').machines.list().page()).rejects.toMatchObject({ code: 'namespace_not_found' })
})

it('ends a machine that a block has', async () => {
  let id = ''
  {
    await using machine = await hearth.launch('base')
    id = machine.id
  }
  expect((await hearth.machines.get(id)).state).toBe('stopped')
  {
    await using gone = await hearth.launch('base')
    await gone.remove()
  }
})

it('has one effect with one idempotency key, and leaves nothing of a launch that is given up', async () => {
  const [first, again] = await Promise.all([
    hearth.launch('base', { idempotencyKey: 'k-1' }),
    hearth.launch('base', { idempotencyKey: 'k-1' }),
  ])
  expect(again.id).toBe(first.id)
  await expect(hearth.launch('base', { idempotencyKey: 'k-1', name: 'other' })).rejects.toMatchObject({
    code: 'idempotency_mismatch',
  })
  await first.remove()
  const reason = new Error('enough')
  for (const afterMs of [0, 2, 5, 10, 20]) {
    const controller = new AbortController()
    const launching = hearth.launch('base', { signal: controller.signal, boot: 'cold' })
    setTimeout(() => controller.abort(reason), afterMs)
    await launching.then(
      (machine) => machine.remove(),
      (error: unknown) => expect(error).toBe(reason),
    )
  }
  expect((await hearth.machines.list().toArray()).map(({ name }) => name)).toEqual(['web'])
})

it('restores, copies, changes and forgets snapshots', async () => {
  const snapshot = await web.snapshot({ tag: 'before', labels: { a: '1' } })
  expect(snapshot).toMatchObject({ state: 'ready', tag: 'before', labels: { a: '1' } })
  await using restored = await hearth.snapshots.restore(snapshot.id)
  expect([restored.restoredFromSnapshot, restored.ttlExpired, restored.data.restoredFrom]).toEqual([true, false, snapshot.id])
  expect((await hearth.snapshots.tree(snapshot.id)).items.map(({ id }) => id)).toContain(snapshot.id)
  await expect(hearth.snapshots.remove(snapshot.id)).rejects.toSatisfy((error) => isHearthError(error, 'snapshot_in_use'))
  const copy = await hearth.snapshots.copy(snapshot.id, { tag: 'copy', ttlMs: 0 })
  expect(await hearth.snapshots.update(copy.id, { tag: null, pinned: true })).not.toHaveProperty('tag')
  expect((await hearth.snapshots.list({ pinned: true }).toArray()).map(({ id }) => id)).toEqual([copy.id])
  expect((await hearth.system.clean({ dryRun: true })).removed).toEqual([])
  await restored.remove()
  for (const { id } of [snapshot, copy]) await hearth.snapshots.remove(id)
})

it('goes on with events where it lost the connection', async () => {
  const past = await Array.fromAsync(hearth.events({ after: 0, until: 'now' }))
  expect(past.map(({ seq }) => seq)).toEqual(past.map(({ seq }) => seq).toSorted((a, b) => a - b))
  let connections = 0
  const breaking: Fetch = async (url, init) => {
    const answer = await fetch(url, init as RequestInit)
    if (!url.includes('/events') || connections++ > 2) return answer as FetchResponse
    return {
      ...answer,
      ok: true,
      status: 200,
      headers: answer.headers,
      body: firstEvents(answer.body, 2),
      text: () => answer.text(),
    }
  }
  const flaky = new Hearth({ ...bed.remote, fetch: breaking })
  const lost: number[] = []
  const all: number[] = []
  for await (const { seq } of flaky.events({ after: 0, until: 'now', onReconnect: () => lost.push(1) })) all.push(seq)
  expect([all, lost.length]).toEqual([past.map(({ seq }) => seq), 3])
})

it('tells who asked wrongly, with the id of the request', async () => {
  const wrong = new Hearth({ baseUrl: bed.remote.baseUrl, apiKey: `hearth_${'0'.repeat(40)}` })
  await expect(wrong.machines.list().page()).rejects.toMatchObject({ code: 'unauthenticated', requestId: expect.any(String) })
  await expect(wrong.machines.ref('web').exec('true')).rejects.toMatchObject({ code: 'unauthenticated' })
})

/** A connection that breaks behind so many events. */
async function* firstEvents(body: ReadableStream<Uint8Array> | null, count: number): AsyncGenerator<Uint8Array, void, undefined> {
  let text = ''
  for await (const chunk of body ?? []) {
    text += new TextDecoder().decode(chunk)
    const blocks = text.split('\n\n')
    if (blocks.length <= count + 1) continue
    yield new TextEncoder().encode(`${blocks.slice(0, count + 1).join('\n\n')}\n\nid: 0`)
    throw new TypeError('terminated')
  }
}
