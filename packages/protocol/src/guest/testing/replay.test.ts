import { buffer, text } from 'node:stream/consumers'
import { type GuestConnection, type GuestSession, HearthError } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { openGuest } from '../connection.ts'
import { exchanges } from './exchanges.ts'
import { Player, readExchange } from './player.ts'

const entropy = Buffer.alloc(64, 0x5a)
const wallClockMs = 1_795_400_000_123
const machineUuid = '0123456789abcdef0123456789abcdef'
const token = 'token-of-sixteen'
const hello = {
  protocol: 1,
  agentVersion: '0.1.0',
  capabilities: ['pty', 'watch'],
  bootId: '8f14e45f-ceea-467f-a830-2a8a5d4b8d1c',
  kernel: '6.1.0-18-cloud-amd64',
  init: true,
  generation: 3,
  uptimeMs: 4711,
}
const assignment = { entropy, wallClockMs, env: {}, secrets: {}, files: [], token }
const refusal = (reason: string, words: string) =>
  expect.objectContaining({
    code: 'guest_error',
    message: expect.stringContaining(words),
    details: expect.objectContaining({ reason }),
  })

/** What a user of the client does in each exchange, and must see. */
const plays: Record<string, (session: GuestSession, connection: GuestConnection) => Promise<void>> = {
  hello: async (session) => expect(session.hello).toEqual(hello),
  'hello-after-leftovers': async (session) => expect(session.hello).toEqual(hello),
  async identify(session) {
    const items = await session.identify({
      generation: 4,
      entropy,
      wallClockMs,
      machineUuid,
      sshHostKeys: [{ type: 'ed25519', privateKey: 'PRIVATE', publicKey: 'ssh-ed25519 AAAA' }],
      mac: '02:a1:b2:c3:d4:e5',
      network: { address: '10.77.3.15/24', gateway: '10.77.3.2', dns: '10.77.3.3' },
    })
    expect(items).toHaveLength(7)
    expect(items[1]).toEqual({ name: 'clock', status: 'done', evidence: `-75012 ${wallClockMs}` })
    expect(items[3]).toEqual({ name: 'ssh_host_keys', status: 'not_applicable', evidence: '', detail: 'no /etc/ssh' })
  },
  async assign(session) {
    const items = await session.assign({
      ...assignment,
      hostname: 'box-1',
      env: { LANG: 'C.UTF-8', EMPTY: '' },
      secrets: { KEY: 'a=b' },
      files: [{ path: '/etc/motd', mode: 0o644, content: Buffer.from('hi') }],
      linkUp: true,
    })
    expect(items.map((item) => item.name)).toEqual(['clock', 'entropy', 'hostname', 'env', 'secrets', 'files', 'token', 'link'])
  },
  async 'assign-hooks'(session) {
    const hooks = { reason: 'warm', eachMs: 2000, totalMs: 4000 } as const
    const items = await session.assign({ ...assignment, hostname: 'box-1', linkUp: true, hooks })
    const evidence = '10-keys=0 20-cache=0'
    expect(items[1]).toEqual({ name: 'hooks', status: 'done', evidence, detail: '10-keys: new keys' })
  },
  async 'assign-hook-failed'(session) {
    const hooks = { reason: 'restored', eachMs: 2000, totalMs: 4000 } as const
    const items = await session.assign({ ...assignment, hostname: 'box-1', linkUp: true, hooks })
    const evidence = '10-keys=0 20-hang=137'
    expect(items[1]).toEqual({ name: 'hooks', status: 'failed', evidence, detail: '20-hang was not done in time' })
  },
  async 'identify-and-assign-pipelined'(session) {
    const identified = session.identify({ generation: 1, entropy, wallClockMs, machineUuid, sshHostKeys: [] })
    const assigned = session.assign({ ...assignment, hostname: 'box-2', linkUp: false })
    expect((await identified).map((item) => item.status)).toEqual(['not_applicable', 'done'])
    expect((await assigned).map((item) => item.evidence)).toEqual(['box-2', 'down'])
  },
  async quiesce(session) {
    expect(await session.quiesce(5000)).toEqual({ frozen: true, synced: true })
    expect(await session.closed).toBeUndefined()
  },
  thaw: (session) => session.thaw({ env: { LANG: 'C' }, secrets: { KEY: 'v' }, token }),
  async exec(session) {
    const process = await session.exec({
      argv: ['/bin/cat', '-'],
      env: { A: '1' },
      cwd: '/tmp',
      user: 'nobody',
      stdin: true,
      tag: 'job',
      onClose: 'keep',
    })
    expect(process).toMatchObject({ execId: 7, pid: 222, lostBytes: 0 })
    process.stdin.end('hello')
    expect(await Promise.all([text(process.stdout), text(process.stderr), process.exit])).toEqual(['hello', 'bye', { code: 0 }])
  },
  async 'exec-pty'(session) {
    const process = await session.exec({ argv: ['sh'], pty: { cols: 80, rows: 24 } })
    await process.resize(120, 40)
    await process.signal(15)
    expect(await process.exit).toEqual({ code: 143, signal: 15 })
  },
  async 'exec-not-found'(session) {
    await expect(session.exec({ argv: ['nope'] })).rejects.toEqual(refusal('not_found', 'nope: no such program'))
  },
  async 'exec-cancelled'(session) {
    const process = await session.exec({ argv: ['sleep', '9'] })
    process.close()
    await expect(process.exit).rejects.toMatchObject({ code: 'cancelled' })
  },
  async 'exec-over-two-sessions'(session, connection) {
    const process = await session.exec({ argv: ['cat'], stdin: true, onClose: 'keep' })
    const output = text(process.stdout)
    process.stdin.write('abcde')
    await connection.suspend(5000)
    await connection.resume({})
    expect(await process.exit).toEqual({ code: 0 })
    expect(await output).toBe('123456')
    expect(process.lostBytes).toBe(0)
  },
  async execs(session) {
    expect(await session.listExecs()).toEqual([
      { execId: 7, pid: 70, argv: ['sleep', '9'], tag: 'job', running: true, startedAtMs: wallClockMs },
      { execId: 8, pid: 71, argv: ['sh'], running: false, exit: { code: 137, signal: 9 }, startedAtMs: wallClockMs },
    ])
  },
  async files(session) {
    expect(await session.stat('/bin')).toMatchObject({ kind: 'symlink', mode: 0o777, mtimeMs: -1, target: 'usr/bin' })
    expect((await session.list('/srv', 2)).map((one) => one.path)).toEqual(['/srv/a', '/srv/b/ü'])
    await session.mkdir('/srv/new', 0o755)
    await session.move('/srv/new', '/srv/old')
    await session.remove('/srv/old', true)
    await session.setXattr('/srv/a', 'user.k', Buffer.from([0, 255]))
    expect(await session.getXattr('/srv/a', 'user.k')).toEqual(Buffer.from([0, 255]))
  },
  async 'read-file'(session) {
    const { stat, content } = await session.readFile('/etc/motd')
    expect(stat).toMatchObject({ kind: 'file', sizeBytes: 6, mode: 0o644 })
    expect((await buffer(content)).toString()).toBe('welcome')
  },
  async 'write-file'(session) {
    const { content, done } = await session.writeFile('/etc/motd', 0o600, { owner: '0:0' })
    content.end('hello')
    await done
  },
  async 'write-file-over-two-sessions'(session) {
    const { content, done } = await session.writeFile('/etc/motd', 0o600)
    content.write('hello')
    expect(await session.closed).toMatchObject({ code: 'guest_unreachable' })
    content.end()
    await done
  },
  async 'write-file-full'(session) {
    const { content, done } = await session.writeFile('/big', 0o600)
    content.write('hello')
    await expect(done).rejects.toEqual(refusal('no_space', 'No space left'))
    expect(content.destroyed).toBe(true)
  },
  async watch(session) {
    const changes: string[] = []
    for await (const change of session.watch('/srv', true)) {
      changes.push(`${change.kind} ${change.path}`)
      if (changes.length === 3) break
    }
    expect(changes).toEqual(['create a', 'rename b/c', 'overflow '])
  },
  async dial(session) {
    const stream = await session.dial(8080)
    stream.write('ping')
    expect(await text(stream)).toBe('pong')
    stream.end()
  },
  async 'dial-refused'(session) {
    await expect(session.dial(9)).rejects.toEqual(refusal('refused', 'nobody listens on port 9'))
  },
  async 'ports-metrics-shutdown'(session) {
    expect(await session.listeningPorts()).toEqual([22, 8080])
    expect(await session.metrics()).toMatchObject({ memTotalBytes: 256_000_000, cpuCount: 2, processes: 17 })
    await session.shutdown('reboot')
  },
  async additions(session) {
    expect(await session.stat('/x')).toMatchObject({ path: '/x', sizeBytes: 1 })
    await expect(session.list('/x', 1)).rejects.toEqual(refusal('other', 'of a later version'))
  },
}

describe('the client in recorded exchanges', () => {
  it.each(exchanges.filter(({ name }) => name !== 'hello-unauthorized'))('$name: $about', async ({ name }) => {
    const exchange = readExchange(name)
    const player = new Player(exchange)
    const nonces = [...player.nonces]
    const shown = name === 'hello' ? { token } : {}
    const connection = openGuest(player.connect, { newNonce: () => nonces.shift() ?? '', ...shown })
    const play = plays[name]
    if (play === undefined) throw new Error(`nobody plays ${name}`)
    try {
      const session = await Promise.race([connection.session(), player.done.then(() => connection.session())])
      await Promise.all([play(session, connection), player.done])
    } finally {
      connection.close()
    }
  })

  it('hello-unauthorized: refuses the connection with the words of the guest', async () => {
    const player = new Player(readExchange('hello-unauthorized'))
    const connection = openGuest(player.connect, { newNonce: () => player.nonces[0] ?? '' })
    const refused = await connection.session().catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(HearthError)
    expect(refused).toEqual(refusal('unauthorized', 'show the token'))
    connection.close()
  })
})
