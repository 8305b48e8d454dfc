import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { selfSigned } from '../../packages/server/src/tls/testing/self-signed.ts'
import { CliBed } from './support/cli-bed.ts'

let bed: CliBed
let elsewhere: string
let remote: Record<string, string>

beforeAll(async () => {
  bed = await CliBed.pretended('--port', '0')
  // A computer that has no server: its home stays empty.
  elsewhere = mkdtempSync(join(tmpdir(), 'hr-'))
  const { baseUrl, apiKey } = bed.remote
  remote = { HEARTH_HOME: join(elsewhere, 'home'), HEARTH_SERVER: baseUrl, HEARTH_API_KEY: apiKey }
  expect(await hearth('template', 'build', 'base', 'builtin:base')).toMatchObject({ code: 0, stdout: 'base@1\n' })
})

afterAll(async () => {
  await bed.stop()
  rmSync(elsewhere, { recursive: true, force: true })
})

const hearth = (...args: string[]) => bed.hearth(args, { env: remote })

describe('a remote server', () => {
  it('does all that a local one does, by HEARTH_SERVER and HEARTH_API_KEY', async () => {
    expect((await hearth('launch', 'base', '--name', 'far')).code).toBe(0)
    expect(await hearth('exec', '-i', 'far', '--', 'sh', '-c', 'cat; exit 4')).toMatchObject({ code: 4 })
    expect((await bed.hearth(['exec', '-i', 'far', 'cat'], { env: remote, input: 'typed' })).stdout).toBe('typed')
    const file = join(elsewhere, 'file')
    writeFileSync(file, 'x'.repeat(300_000))
    expect((await hearth('cp', file, 'far:/tmp/file')).code).toBe(0)
    expect((await hearth('cp', 'far:/tmp/file', '-')).stdout).toBe('x'.repeat(300_000))
    expect((await hearth('server', 'status')).stdout).toContain('driver memory')
    expect((await hearth('ls')).stdout).toContain('far')
    expect((await hearth('rm', 'far')).code).toBe(0)
  })

  it('is chosen by options too, and its key can lie in a file', async () => {
    const { baseUrl, apiKey } = bed.remote
    const none = { HEARTH_HOME: join(elsewhere, 'home') }
    const keyFile = join(elsewhere, 'key')
    writeFileSync(keyFile, `${apiKey}\n`)
    expect((await bed.hearth(['ls', '--server', baseUrl, '--api-key', apiKey], { env: none })).code).toBe(0)
    expect((await bed.hearth(['ls', '--server', baseUrl], { env: { ...none, HEARTH_API_KEY_FILE: keyFile } })).code).toBe(0)
  })

  it('is never started, and says that it does not answer', async () => {
    const { code, stderr } = await bed.hearth(['ls', '--server', 'http://127.0.0.1:9'], { env: remote })
    expect([code, stderr]).toEqual([1, expect.stringMatching(/no answer from the server at http:\/\/127.0.0.1:9[\s\S]*try: /)])
  })

  it('refuses who has no key or a wrong one, and never shows one', async () => {
    const { HEARTH_API_KEY: _, ...without } = remote
    expect(await bed.hearth(['ls'], { env: without })).toMatchObject({ code: 1, stderr: expect.stringContaining('needs a key') })
    const wrong = `hearth_${'7'.repeat(40)}`
    const refused = await bed.hearth(['ls', '--json', '--verbose'], { env: { ...without, HEARTH_API_KEY: wrong } })
    expect(refused.code).toBe(1)
    expect(refused.stdout + refused.stderr).not.toContain(wrong)
    expect(refused.stderr).toContain('"code":"unauthenticated"')
    expect(JSON.parse(refused.stderr.split('\n').at(-2) ?? '')).toMatchObject({ error: { requestId: expect.any(String) } })
    const broken = await bed.hearth(['ls'], { env: { ...without, HEARTH_API_KEY: `${wrong}\nx` } })
    expect([broken.code, broken.stderr]).toEqual([2, expect.stringContaining('HEARTH_API_KEY: not a key')])
    expect(broken.stderr).not.toContain(wrong)
  })

  it.each([
    [['ls', '--server', 'elsewhere'], /--server: "elsewhere" is not the address of a server/],
    [['ls', '--server', 'ftp://x'], /is not the address/],
    [['ls', '--server', 'http://user:secret@x'], /is not the address/],
    [['ls', '--server', 'http://127.0.0.1:9', '--home', '/tmp/h'], /exclude each other/],
    [['ls', '--home', '/tmp/h', '--api-key', 'k'], /--api-key is for a remote server/],
  ])('refuses %j as wrong usage', async (args, message) => {
    expect(await bed.hearth(args, { env: remote })).toMatchObject({ code: 2, stderr: expect.stringMatching(message) })
  })

  it('does not come into the way of what concerns this computer', async () => {
    const { code, stdout } = await hearth('config', 'show', '--json')
    expect([code, stdout]).toEqual([0, expect.stringContaining(join(elsewhere, 'home'))])
    expect((await bed.hearth(['ls', '--home', bed.home], { env: remote })).code).toBe(0)
  })
})

describe('a server that serves TLS', () => {
  it('is trusted by the certificate of NODE_EXTRA_CA_CERTS, and not without', async () => {
    const { certFile, keyFile } = await selfSigned(elsewhere)
    const safe = await CliBed.pretended('--port', '0', '--tls-cert', certFile, '--tls-key', keyFile)
    const { baseUrl, apiKey } = safe.remote
    const env = { HEARTH_HOME: join(elsewhere, 'home'), HEARTH_SERVER: baseUrl, HEARTH_API_KEY: apiKey }
    const trusting = { ...env, NODE_EXTRA_CA_CERTS: certFile }
    try {
      expect(baseUrl).toMatch(/^https:/)
      const refused = await safe.hearth(['ls'], { env })
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/self-signed|certificate/)])
      await safe.hearth(['template', 'build', 'base', 'builtin:base'], { env: trusting })
      expect((await safe.hearth(['launch', 'base', '--name', 'safe'], { env: trusting })).code).toBe(0)
      expect((await safe.hearth(['exec', 'safe', 'echo', 'hello'], { env: trusting })).stdout).toBe('hello\n')
    } finally {
      await safe.stop()
    }
  })
})

describe('namespaces', () => {
  it('are made, shown, changed and removed, and keep machines apart', async () => {
    const make = ['namespace', 'create', 'team', '--snapshot-limit', '7', '--snapshot-bytes', '1GiB', '--label', 'floor=3']
    expect(await hearth(...make)).toMatchObject({ code: 0, stdout: 'team\n' })
    expect((await hearth('launch', 'base', '--name', 'web', '-n', 'team')).code).toBe(0)
    expect((await bed.hearth(['ls'], { env: { ...remote, HEARTH_NAMESPACE: 'team' } })).stdout).toContain('web')
    expect((await hearth('ls')).stdout).not.toContain('web')
    expect(await hearth('show', 'web')).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no machine "web"') })
    expect((await hearth('namespace', 'list')).stdout).toMatch(/^team +7 +1.0 GiB +- +/m)
    expect((await hearth('namespace', 'show', 'team')).stdout).toMatch(/machines: +1\nsnapshots: +0 of 7\n/)
    expect((await hearth('namespace', 'set', 'team', '--keep-last', '2', '--no-snapshot-bytes')).stdout).toMatch(
      /keep last: +2 of each/,
    )
    expect(await hearth('namespace', 'set', 'team')).toMatchObject({ code: 2 })
    const full = await hearth('namespace', 'rm', 'team')
    expect([full.code, full.stderr]).toEqual([1, expect.stringMatching(/try: .*/)])
    expect((await hearth('rm', '--all', '-n', 'team')).code).toBe(0)
    expect(await hearth('namespace', 'rm', 'team')).toMatchObject({ code: 0, stdout: 'team\n' })
    expect(await hearth('ls', '-n', 'team')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no namespace "team"\n {2}try: /),
    })
  })

  it('are completed, and tags too', async () => {
    await hearth('namespace', 'create', 'shown')
    const offered = async (...words: string[]) =>
      (await hearth('complete', '--', ...words)).stdout.split('\n').map((line) => line.split('\t')[0])
    expect(await offered('namespace', 'rm', '')).toContain('shown')
    expect(await offered('ls', '--namespace', '')).toContain('shown')
    expect(await offered('snapshot', 'copy', 's-1', '--to', '')).toContain('shown')
    await hearth('launch', 'base', '--name', 'there', '-n', 'shown')
    expect(await offered('show', '-n', 'shown', '')).toContain('there')
    expect(await offered('show', '')).not.toContain('there')
    await hearth('rm', 'there', '-n', 'shown')
    await hearth('namespace', 'rm', 'shown')
  })
})
