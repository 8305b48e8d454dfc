import { once } from 'node:events'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { ManualClock } from '@hearth/conformance'
import type { Engine } from '@hearth/engine'
import { silentLog } from '@hearth/model'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { Auth } from '../auth/auth.ts'
import { ownerCaller } from '../auth/caller.ts'
import { testAuth } from '../auth/testing/test-auth.ts'
import { idleParts } from '../http/testing/idle-parts.ts'
import { type Serving, serve } from '../serve.ts'
import { selfSigned } from './testing/self-signed.ts'
import type { TlsFiles } from './tls-files.ts'

let folder: string
let files: TlsFiles
let serving: Serving | undefined
let clock: ManualClock
let auth: Auth
const warn = vi.fn()

beforeEach(async () => {
  clock = new ManualClock()
  auth = testAuth({ clock })
  folder = await mkdtemp(join(tmpdir(), 'hearth-tls-'))
  files = await selfSigned(folder)
})
afterEach(async () => {
  await serving?.close()
  await auth.close()
  serving = undefined
  await rm(folder, { recursive: true })
})

async function start(tls: TlsFiles): Promise<string> {
  const log = { ...silentLog, warn }
  const system = { version: '0', home: folder, pid: 1, startedAt: 0 }
  const { builds: _, ...idle } = idleParts()
  const parts = {
    engine: {} as Engine,
    drivers: [],
    log,
    clock,
    system,
    stop: () => undefined,
    auth,
    corsOrigins: [],
    openMetrics: false,
    ...idle,
  }
  serving = await serve(parts, { socket: join(folder, 's'), listen: { host: '127.0.0.1', port: 0 }, tls })
  return serving.url ?? ''
}

async function ask(url: string, ca: string, headers = {}): Promise<number | undefined> {
  const asked = request(url, { ca, headers, agent: false })
  asked.end()
  const [answer] = await once(asked, 'response')
  answer.resume()
  return answer.statusCode
}

/** The name in the certificate that the server shows. */
async function shown(url: string): Promise<unknown> {
  const { port } = new URL(url)
  const socket = connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return subject.CN
}

describe('the API over TLS', () => {
  it('answers who has a key, and WebSockets too', async () => {
    const url = await start(files)
    expect(url).toMatch(/^https:/)
    const ca = await readFile(files.certFile, 'utf8')
    const { secret } = await auth.keys.create(ownerCaller, { name: 'a', scope: 'read', namespaces: '*', format: 'hearth' })
    expect(await ask(`${url}/v1/keys/self`, ca)).toBe(401)
    expect(await ask(`${url}/v1/keys/self`, ca, { authorization: `Bearer ${secret}` })).toBe(200)
    const socket = new WebSocket(`${url.replace('https', 'wss')}/v1/machines/a/exec`, { ca })
    socket.on('error', () => undefined)
    const [, refusal] = await once(socket, 'unexpected-response')
    socket.terminate()
    expect(refusal.statusCode).toBe(401)
  })

  it('does not answer without TLS', async () => {
    const url = await start(files)
    await expect(fetch(url.replace('https', 'http'))).rejects.toThrow()
  })

  it('shows a new certificate once it is there, and goes on with the old one meanwhile', async () => {
    const url = await start(files)
    const next = await selfSigned(folder, 'renewed')
    await rename(next.certFile, files.certFile)
    clock.advance(60_000)
    await vi.waitFor(() => expect(warn).toHaveBeenCalledWith('tls.not_renewed', expect.anything()))
    expect(await shown(url)).toBe('server')
    await rename(next.keyFile, files.keyFile)
    await vi.waitFor(() => expect(clock.sleeping).toBe(1))
    clock.advance(60_000)
    await vi.waitFor(async () => expect(await shown(url)).toBe('renewed'))
  })
})

describe('the server does not start', () => {
  it.each([
    ['without the file', async () => rm(files.keyFile), 'cannot be read'],
    ['with a file that is none', async () => writeFile(files.certFile, 'hello'), 'no certificate and its key'],
    [
      'with the key of another certificate',
      async () => rename((await selfSigned(folder, 'other')).keyFile, files.keyFile),
      'no certificate and its key',
    ],
  ])('%s', async (_what, spoil, message) => {
    await spoil()
    await expect(start(files)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(message) })
  })
})
