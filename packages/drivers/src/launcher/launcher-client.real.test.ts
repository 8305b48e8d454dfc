import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LauncherClient } from './launcher-client.ts'
import { exitOf, findLauncher, lives, TestHome } from './launcher-under-test.ts'

const binary = findLauncher()
const qemu = '/usr/bin/qemu-system-x86_64'

describe.skipIf(binary === undefined)('LauncherClient', () => {
  let home: TestHome
  let client: LauncherClient
  beforeEach(async () => {
    home = await TestHome.make(binary ?? '')
    client = await home.client()
  })
  afterEach(() => home.dispose())

  it('spawns, lists, kills and tells of the end', async () => {
    const exit = exitOf(client, 'm-1')
    const { pid, startTime } = await client.spawn(home.spawnOf('m-1', '/bin/sleep', '60'))
    expect(await client.list()).toEqual([{ id: 'm-1', pid, startTime, argv0: '/bin/sleep' }])
    await client.kill('m-1', 15)
    expect(await exit).toMatchObject({ id: 'm-1', pid, signal: 15 })
    expect(await lives(pid)).toBe(false)
    await expect(client.kill('m-1', 15)).rejects.toMatchObject({ code: 'driver_not_found', details: { errno: 'ESRCH' } })
  })

  it('hands over sockets, files and the environment', async () => {
    await writeFile(home.file('in'), 'from a file')
    const exit = exitOf(client, 'm-1')
    await client.spawn({
      ...home.spawnOf('m-1', '/bin/sh', '-c', 'read -r line <&3; echo "$line, $A" >&4'),
      env: ['A=b=c d'],
      descriptors: [
        { kind: 'read', path: home.file('in') },
        { kind: 'append', path: home.file('out'), mode: 0o640 },
        { kind: 'listen', path: home.file('socket') },
        { kind: 'read-write', path: home.file('in') },
      ],
    })
    expect(await exit).toMatchObject({ code: 0 })
    expect(await readFile(home.file('out'), 'utf8')).toBe('from a file, b=c d\n')
  })

  it('leaves no socket and no child when the program cannot be executed', async () => {
    const spawned = client.spawn({
      ...home.spawnOf('m-1', '/no/such/program'),
      descriptors: [{ kind: 'listen', path: home.file('socket') }],
    })
    await expect(spawned).rejects.toMatchObject({
      code: 'driver_not_found',
      message: 'launcher, spawn: executing the program: No such file or directory',
      details: { errno: 'ENOENT' },
    })
    expect(existsSync(home.file('socket'))).toBe(false)
    expect(await client.list()).toEqual([])
  })

  it('undoes a spawn whose caller has gone away', async () => {
    const controller = new AbortController()
    const spawned = client.spawn(
      { ...home.spawnOf('m-1', '/bin/sleep', '60'), descriptors: [{ kind: 'listen', path: home.file('socket') }] },
      { signal: controller.signal },
    )
    const gone = exitOf(client, 'm-1')
    controller.abort(new Error('no longer wanted'))
    await expect(spawned).rejects.toThrow('no longer wanted')
    await gone
    expect(existsSync(home.file('socket'))).toBe(false)
    expect(await client.list()).toEqual([])
  })

  it('undoes a copy whose caller has gone away', async () => {
    await writeFile(home.file('from'), Buffer.alloc(32 * 1024 ** 2, 1))
    const controller = new AbortController()
    const copied = client.copy({ from: home.file('from'), to: home.file('to'), mode: 0o600 }, { signal: controller.signal })
    controller.abort(new Error('no longer wanted'))
    await expect(copied).rejects.toThrow('no longer wanted')
    expect(existsSync(home.file('to'))).toBe(false)
  })

  it('asks nothing for a signal that is aborted already', async () => {
    await expect(client.list({ signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late')
  })

  it('copies, hashes, trims and syncs files', async () => {
    await writeFile(home.file('from'), 'hello\n')
    await truncate(home.file('from'), 1024 ** 2)
    expect(await client.copy({ from: home.file('from'), to: home.file('to'), mode: 0o400 })).toBe(1024 ** 2)
    expect((await stat(home.file('to'))).mode & 0o777).toBe(0o400)
    expect(await client.hash(home.file('to'))).toEqual(await client.hash(home.file('from')))
    await expect(client.copy({ from: home.file('from'), to: home.file('to'), mode: 0o400 })).rejects.toMatchObject({
      details: { errno: 'EEXIST' },
    })
    await writeFile(home.file('log'), 'abcdef')
    expect(await client.trimLog({ path: home.file('log'), maxBytes: 5, keepBytes: 2 })).toBe(true)
    expect(await readFile(home.file('log.1'), 'utf8')).toBe('ef')
    await client.fsync([home.file('to'), home.path])
  })

  it('keeps children when the launcher is killed, and the next launcher tells of their end', async () => {
    const { pid, startTime } = await client.spawn(home.spawnOf('m-1', '/bin/sleep', '60'))
    process.kill(client.pid, 'SIGKILL')
    await client.closed
    expect(await lives(pid)).toBe(true)
    const next = await home.client()
    expect(await next.list()).toEqual([])
    await next.adopt({ id: 'm-1', pid, startTime })
    const exit = exitOf(next, 'm-1')
    await next.kill('m-1', 9)
    expect(await exit).toEqual({ id: 'm-1', pid })
    await expect(next.adopt({ id: 'm-1', pid, startTime })).rejects.toMatchObject({ code: 'driver_not_found' })
  })

  it('tells the next client of an exit that nobody heard of, once', async () => {
    await client.spawn({
      ...home.spawnOf('m-1', '/bin/sh', '-c', 'read -r line <&3; exit 4'),
      descriptors: [{ kind: 'read', path: '/dev/null' }],
    })
    await client.close()
    const second = await home.client()
    expect(await exitOf(second, 'm-1')).toMatchObject({ code: 4 })
    await second.list() // behind what second said of having heard
    const third = await home.client()
    const told: string[] = []
    third.onExit(({ id }) => told.push(id))
    const exit = exitOf(third, 'm-2')
    await third.spawn(home.spawnOf('m-2', '/bin/true'))
    await exit
    expect(told).toEqual(['m-2'])
  })

  it('keeps children when a client is killed, and tells the next one of an end meanwhile', async () => {
    const script = `
      import { ensureLauncher } from ${JSON.stringify(new URL('./ensure-launcher.ts', import.meta.url).href)}
      const log = { debug() {}, info() {}, warn() {}, error() {} }
      const client = await ensureLauncher({ home: ${JSON.stringify(home.path)}, binary: '/bin/false', log })
      const request = { env: [], cwd: '/', stderr: ${JSON.stringify(home.file('log'))} }
      const stays = await client.spawn({ ...request, id: 'stays', argv: ['/bin/sleep', '60'] })
      await client.spawn({ ...request, id: 'ends', argv: ['/bin/sh', '-c', 'sleep 0.2; exit 5'] })
      process.stdout.write(String(stays.pid))
      setInterval(() => {}, 1000)`
    await client.close()
    const server = spawn(process.execPath, ['--conditions=hearth-source', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [said] = (await once(server.stdout, 'data')) as [Buffer]
    server.kill('SIGKILL')
    await once(server, 'exit')
    const next = await home.client()
    expect(await exitOf(next, 'ends')).toMatchObject({ code: 5 })
    expect(await lives(Number(said.toString()))).toBe(true)
    expect((await next.list()).map(({ id }) => id)).toEqual(['stays'])
  })

  it('makes memory files once, lists and drops them', async () => {
    const sizeBytes = 1024 ** 2
    const wanted = { id: 's-1', sizeBytes, seal: true }
    await Promise.all([client.memfd(wanted), client.memfd(wanted)])
    expect(await client.memfds()).toEqual([{ id: 's-1', sizeBytes, sealed: true }])
    await client.memfdDrop('s-1')
    await client.memfdDrop('s-1')
    expect(await client.memfds()).toEqual([])
  })

  it.skipIf(!existsSync(qemu))('captures what a QEMU has made its own, equal to its memory byte for byte', async () => {
    const sizeBytes = 64 * 1024 ** 2
    const [base, copy] = [home.file('base'), home.file('copy')]
    await writeFile(base, Buffer.alloc(sizeBytes, 'not only zeros'))
    await client.memfd({ id: 'ram', sizeBytes, from: base, seal: true })
    await writeFile(copy, '')
    await truncate(copy, sizeBytes)
    // With prealloc QEMU writes every page back as it is, which makes all of them its own.
    const ram = 'memory-backend-file,id=ram,size=64M,mem-path=/proc/self/fd/3,share=off,prealloc=on'
    const monitorAt = ['-chardev', 'socket,id=qmp,fd=4,server=on,wait=off', '-mon', 'chardev=qmp,mode=control']
    const argv = [qemu, '-machine', 'none', '-nodefaults', '-display', 'none', '-S', '-object', ram, ...monitorAt]
    await client.spawn({
      ...home.spawnOf('m-1', ...argv),
      descriptors: [
        { kind: 'memfd', id: 'ram' },
        { kind: 'listen', path: home.file('qmp') },
      ],
    })
    const monitor = createConnection(home.file('qmp'))
    await once(monitor, 'data') // its greeting: the memory is there
    monitor.destroy()
    const request = { id: 'm-1', match: '/memfd:ram (deleted)' }
    await client.capture({ ...request, to: copy, blockBytes: 65_536, warm: true })
    expect(await client.compare({ ...request, with: copy })).toBe(0)
    const { pages, bytes, blocks } = await client.capture({ ...request, to: copy, blockBytes: 65_536 })
    expect({ pages, bytes }).toEqual({ pages: sizeBytes / 4096, bytes: sizeBytes })
    expect(Buffer.from(blocks)).toEqual(Buffer.alloc(sizeBytes / 65_536 / 8, 0xff))
    expect(await client.compare({ ...request, with: copy })).toBeUndefined()
  })

  it('leaves nothing in the home but what belongs there', async () => {
    await mkdir(home.file('m'))
    const exits = ['a', 'b', 'c'].map((id) => exitOf(client, id))
    await Promise.all(['a', 'b', 'c'].map((id) => client.spawn(home.spawnOf(id, '/bin/true'))))
    await Promise.all(exits)
    expect((await readdir(home.path)).sort()).toEqual(['child.log', 'launcher.lock', 'launcher.log', 'launcher.sock', 'm'])
  })
})
