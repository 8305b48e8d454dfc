import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@hearth/model'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureLauncher } from './ensure-launcher.ts'
import { findLauncher, lives, TestHome } from './launcher-under-test.ts'

const binary = findLauncher()

describe.skipIf(binary === undefined)('ensureLauncher', () => {
  let home: TestHome
  beforeEach(async () => {
    home = await TestHome.make(binary ?? '')
  })
  afterEach(() => home.dispose())

  it('starts one launcher, in a session of its own, and finds it again', async () => {
    const [first, second] = [await home.client(), await home.client()]
    expect(second.pid).toBe(first.pid)
    const stat = await readFile(`/proc/${first.pid}/stat`, 'utf8')
    const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    expect(Number(session)).toBe(first.pid)
    expect(existsSync(home.file('launcher.log'))).toBe(true)
  })

  it('meets one launcher however many start it at once', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => home.client()))
    expect(new Set(clients.map(({ pid }) => pid)).size).toBe(1)
  })

  it('replaces the socket that a killed launcher has left', async () => {
    const first = await home.client()
    process.kill(first.pid, 'SIGKILL')
    await expect(first.closed).resolves.toMatchObject({ code: 'driver_unavailable' })
    expect(existsSync(home.file('launcher.sock'))).toBe(true)
    const second = await home.client()
    expect(second.pid).not.toBe(first.pid)
  })

  it('starts the next launcher while the last one is leaving', async () => {
    const first = await home.client()
    const leaving = first.shutdown()
    const [second] = await Promise.all([home.client(), leaving])
    expect(await second.list()).toEqual([])
    expect(await lives(first.pid)).toBe(first.pid === second.pid)
  })
})

describe('a launcher that cannot be had', () => {
  let home: string
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'hearth-launcher-'))
  })
  afterEach(() => rm(home, { recursive: true }))

  const program = async (text: string) => {
    const path = join(home, 'program')
    await writeFile(path, `#!/bin/sh\n${text}\n`)
    await chmod(path, 0o755)
    return path
  }

  it('names a program that is not there', async () => {
    const started = ensureLauncher({ home, binary: '/no/such/launcher', log: silentLog })
    await expect(started).rejects.toMatchObject({
      code: 'driver_misconfigured',
      message: expect.stringContaining('/no/such/launcher'),
    })
  })

  it('gives the last words of one that ends', async () => {
    const started = ensureLauncher({ home, binary: await program('echo no memory left >&2; exit 9'), log: silentLog })
    await expect(started).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: 'the launcher ended with code 9: no memory left',
    })
  })

  it('says so when one is ready and does not listen', async () => {
    const started = ensureLauncher({ home, binary: await program('echo ready'), log: silentLog })
    await expect(started).rejects.toMatchObject({ code: 'driver_unavailable', message: expect.stringContaining('answers') })
  })

  it('ends one that does not get ready in time', async () => {
    const started = ensureLauncher({
      home,
      binary: await program(`echo $$ > ${home}/pid; kill -USR1 ${process.pid}; exec sleep 60`),
      log: silentLog,
      signal: await whenSignalled(),
    })
    await expect(started).rejects.toThrow('enough')
    expect(await lives(Number(await readFile(join(home, 'pid'), 'utf8')))).toBe(false)
  })

  it('refuses a home whose path is too long for a socket', async () => {
    const long = join(home, 'h'.repeat(100))
    const started = ensureLauncher({ home: long, binary: '/bin/true', log: silentLog })
    await expect(started).rejects.toMatchObject({
      code: 'driver_misconfigured',
      message: expect.stringContaining('allowed: 107'),
    })
  })

  it('refuses a home that is not there', async () => {
    const started = ensureLauncher({ home: join(home, 'missing'), binary: '/bin/true', log: silentLog })
    await expect(started).rejects.toMatchObject({
      code: 'driver_misconfigured',
      message: expect.stringContaining('launcher.log'),
    })
  })
})

/** Aborted when this process gets USR1. */
async function whenSignalled(): Promise<AbortSignal> {
  const controller = new AbortController()
  process.once('SIGUSR1', () => controller.abort(new Error('enough')))
  return controller.signal
}
