import type { AuditEntryResource, KeyResource, NewKeyResource } from '@hearth/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CliBed } from './support/cli-bed.ts'

let bed: CliBed

beforeAll(async () => {
  bed = await CliBed.pretended('--port', '0')
})
afterAll(() => bed.stop())

/** Runs `hearth …` against the server's TCP address, with `key`. */
const remote = (key: string, ...args: string[]) =>
  bed.hearth(args, { env: { HEARTH_SERVER: bed.remote.baseUrl, HEARTH_API_KEY: key, HEARTH_HOME: '' } })

describe('keys', () => {
  it('are printed once, alone on stdout, and work from elsewhere', async () => {
    const { code, stdout, stderr } = await bed.hearth(['key', 'create', 'ci', '--ttl', '1d'])
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^hearth_[0-9a-f]{40}\n$/)])
    expect(stderr).toMatch(/^k-[a-z0-9]{16}: use in default\. Keep the key now: it is not shown again\.\n$/)
    const secret = stdout.trim()
    expect((await remote(secret, 'ls')).code).toBe(0)
    const shown = await remote(secret, 'key', 'show')
    expect(shown.stdout).toMatch(/scope: +use\n/)
    expect(shown.stdout).not.toContain(secret)
    expect(await remote(secret, 'key', 'list')).toMatchObject({ code: 1, stderr: expect.stringContaining('"admin"') })
    expect(await remote(`${secret.slice(0, -1)}z`, 'ls')).toMatchObject({ code: 1, stderr: expect.stringContaining('not valid') })
  })

  it('are made as they are asked for', async () => {
    const args = ['key', 'create', 'all', '--everywhere', '--scope', 'admin', '--format', 'e2b', '--requests-per-minute', '7']
    const made = await bed.json<NewKeyResource>(...args)
    expect(made).toMatchObject({ name: 'all', namespaces: '*', scope: 'admin', requestsPerMinute: 7, state: 'valid' })
    expect(made.key).toMatch(/^e2b_/)
    const lost = await bed.hearth(['key', 'create', 'x', '--in', 'nowhere'])
    expect(lost).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no namespace "nowhere"') })
    expect((await bed.hearth(['key', 'create', 'x', '--in', 'a', '--everywhere'])).code).toBe(2)
    expect((await bed.hearth(['key', 'create', 'x', '--scope', 'root'])).code).toBe(2)
  })

  it('are rotated and revoked, and listed', async () => {
    const old = await bed.json<NewKeyResource>('key', 'create', 'old')
    const next = await bed.json<NewKeyResource>('key', 'rotate', old.id, '--grace', '2h')
    expect((await remote(old.key, 'ls')).code).toBe(0)
    expect(await bed.json<KeyResource>('key', 'show', old.id)).toMatchObject({ state: 'rotated', rotatedTo: next.id })
    expect((await bed.hearth(['key', 'rotate', old.id])).code).toBe(1)
    const last = await bed.json<NewKeyResource>('key', 'rotate', next.id, '--now')
    expect(await bed.hearth(['key', 'rm', old.id, last.id])).toMatchObject({ code: 0, stdout: `${old.id}\n${last.id}\n` })
    for (const { key } of [old, next, last]) expect((await remote(key, 'ls')).code).toBe(1)
    const ids = async (...flags: string[]) => (await bed.json<KeyResource[]>('key', 'list', ...flags)).map(({ id }) => id)
    expect(await ids()).not.toContain(old.id)
    expect(await ids('--all')).toEqual(expect.arrayContaining([old.id, next.id, last.id]))
    expect((await bed.hearth(['key', 'list'])).stdout).toMatch(/^ID +NAME +KEY +STATE +SCOPE +NAMESPACES +EXPIRES +USED\n/)
  })
})

it('the audit log tells who did that', async () => {
  const made = await bed.json<NewKeyResource>('key', 'create', 'mine', '--scope', 'admin', '--everywhere')
  await remote(made.key, 'key', 'rm', 'k-0000000000000000')
  const [refused, own] = await bed.json<AuditEntryResource[]>('audit', '--limit', '2')
  expect(refused).toMatchObject({ key: made.id, method: 'DELETE', path: '/v1/keys/k-0000000000000000', status: 404 })
  expect(own).toMatchObject({ method: 'POST', path: '/v1/keys', status: 201 })
  expect(own).not.toHaveProperty('key')
  const table = (await bed.hearth(['audit', '--limit', '1'])).stdout
  expect(table).toMatch(/^AT +KEY +STATUS +NAMESPACE +REQUEST\n.* DELETE \/v1\/keys\/k-0000000000000000\n$/)
})
