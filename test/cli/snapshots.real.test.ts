import { afterAll, beforeAll, expect, it } from 'vitest'
import { CliBed } from './support/cli-bed.ts'

let bed: CliBed

beforeAll(async () => {
  bed = await CliBed.pretended()
  await bed.hearth(['template', 'build', 'base', 'builtin:base'])
  await bed.hearth(['launch', 'base', '--name', 'web'])
})

afterAll(() => bed.stop())

const hearth = (...args: string[]) => bed.hearth(args)
const snapshot = async (...flags: string[]) => (await hearth('snapshot', 'create', 'web', ...flags)).stdout.trim()
const listed = async (...flags: string[]) => (await bed.json<{ id: string }[]>('snapshot', 'list', ...flags)).map(({ id }) => id)

it('are marked when they are made and afterwards, and found by that', async () => {
  const a = await snapshot('--tag', 'first', '--label', 'step=1', '--ttl', '2h')
  const b = await snapshot('--tag', 'second', '--label', 'step=2', '--pin', '--ttl', 'never')
  expect(await listed('--tag', 'first')).toEqual([a])
  expect(await listed('--label', 'step=2')).toEqual([b])
  expect(await listed('--pinned')).toEqual([b])
  expect(await listed('--kind', 'user', '--state', 'ready')).toEqual([b, a])
  expect(await listed('--kind', 'user', '--limit', '1')).toEqual([b])
  expect(await listed('--machine', 'web', '--older-than', '1d')).toEqual([])
  expect(await listed('--machine', 'web', '--newer-than', '1d')).toEqual([b, a])
  expect(await bed.json('snapshot', 'show', a)).toMatchObject({ ttlMs: 7_200_000, labels: { step: '1' } })
  expect((await hearth('snapshot', 'set', b, '--no-tag', '--no-pin', '--ttl', '1d')).code).toBe(0)
  expect(await bed.json('snapshot', 'show', b)).toMatchObject({ ttlMs: 86_400_000, pinned: false, labels: { step: '2' } })
  expect(await bed.json('snapshot', 'show', b)).not.toHaveProperty('tag')
  expect(await hearth('snapshot', 'set', b)).toMatchObject({ code: 2, stderr: expect.stringContaining('what is to be changed') })
  expect((await hearth('snapshot', 'rm', a, b)).code).toBe(0)
})

it('are drawn below what they come from', async () => {
  const root = await snapshot('--tag', 'root')
  await hearth('snapshot', 'restore', root, '--name', 'child')
  const leaf = (await hearth('snapshot', 'create', 'child', '--tag', 'leaf')).stdout.trim()
  const { stdout } = await hearth('snapshot', 'tree', leaf)
  const lines = stdout.trimEnd().split('\n')
  const at = (id: string) => lines.findIndex((line) => line.includes(id))
  expect(at(root)).toBeGreaterThanOrEqual(0)
  expect(at(leaf)).toBe(at(root) + 1)
  expect(lines[at(leaf)]).toMatch(/└─ s-\w{16} {2}user {2}"leaf" {2}.* {2}\*$/)
  await hearth('snapshot', 'rm', '--force', leaf)
  await hearth('snapshot', 'rm', '--force', root)
})

it('are copied into other namespaces, and restored there', async () => {
  await hearth('namespace', 'create', 'other')
  const id = await snapshot('--tag', 'mine')
  const copy = (await hearth('snapshot', 'copy', id, '--to', 'other', '--tag', 'theirs')).stdout.trim()
  expect(await bed.json('snapshot', 'show', copy, '-n', 'other')).toMatchObject({ namespace: 'other', tag: 'theirs' })
  expect(await hearth('snapshot', 'show', copy)).toMatchObject({ code: 1 })
  const restored = await bed.json<object>('snapshot', 'restore', copy, '-n', 'other')
  expect(restored).toMatchObject({ machine: { namespace: 'other' }, restoredFromSnapshot: true, ttlExpired: false })
  await hearth('rm', '--all', '-n', 'other')
  await hearth('snapshot', 'rm', copy, '-n', 'other')
  await hearth('snapshot', 'rm', id)
  expect((await hearth('namespace', 'rm', 'other')).code).toBe(0)
})

it('whose time is over give a fresh machine unless forced, and go when it is cleaned', async () => {
  const id = await snapshot('--ttl', '1ms')
  const fresh = await hearth('snapshot', 'restore', id, '--name', 'fresh')
  expect([fresh.code, fresh.stderr]).toEqual([0, expect.stringContaining(`the time of ${id} is over: this is a fresh machine`)])
  const forced = await bed.json<object>('snapshot', 'restore', id, '--force')
  expect(forced).toMatchObject({ restoredFromSnapshot: true })
  await hearth('rm', 'fresh', (forced as { machine: { id: string } }).machine.id)
  const planned = await hearth('snapshot', 'clean', '--dry-run')
  expect([planned.code, planned.stdout]).toEqual([
    0,
    expect.stringMatching(new RegExp(`${id} +default +expired[\\s\\S]*1 would be removed`)),
  ])
  expect(await listed('--kind', 'user')).toEqual([id])
  expect((await hearth('snapshot', 'clean')).stdout).toContain('1 removed')
  expect(await listed('--kind', 'user')).toEqual([])
})

it('are made once for one key', async () => {
  const ids = [await snapshot('--idempotency-key', 'k'), await snapshot('--idempotency-key', 'k')]
  expect(ids[0]).toBe(ids[1])
  const machines = await Promise.all(['a', 'a'].map((key) => hearth('launch', 'base', '--idempotency-key', key)))
  expect(machines[0]?.stdout).toBe(machines[1]?.stdout)
  await hearth('snapshot', 'rm', ids[0] ?? '')
})
