import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { CliBed } from './support/cli-bed.ts'

let bed: CliBed

beforeAll(async () => {
  bed = await CliBed.pretended()
  await bed.hearth(['template', 'build', 'base', 'builtin:base'])
})
afterEach(async () => {
  await bed.hearth(['rm', '--all'])
  await bed.hearth(['pool', 'rm', 'base'])
})
afterAll(() => bed.stop())

const hearth = (...args: string[]) => bed.hearth(args)
const show = (name = 'base') => bed.json<Record<string, unknown>>('pool', 'show', name)

it('is made, filled, launched from, and says so everywhere', async () => {
  const set = await hearth('pool', 'set', 'base', '--min', '1', '--max', '2')
  expect([set.code, set.stdout]).toEqual([0, expect.stringMatching(/^pool: +base\ntemplate: +base@1\n/)])
  const warm = await hearth('pool', 'warm', 'base', '--give-up', '20s')
  expect([warm.code, warm.stdout]).toEqual([0, expect.stringMatching(/^POOL .*READY.*\nbase +base@1 +2\/2 /)])

  const launched = await hearth('launch', 'base', '--boot', 'warm', '--name', 'web', '--env', 'A=1')
  expect([launched.code, launched.stderr]).toEqual([0, expect.stringMatching(/web is warm in /)])
  expect((await hearth('ls')).stdout).toMatch(/web +running +base@1 +warm /)
  expect((await hearth('show', 'web')).stdout).toMatch(/^boot: +warm in /m)
  const receipt = await hearth('machine', 'receipt', 'web')
  expect([receipt.code, receipt.stdout]).toEqual([0, (await hearth('receipt', 'web')).stdout])
  expect(receipt.stdout).toMatch(/^assign +env +done /m)

  expect((await hearth('pool', 'stats', 'base')).stdout).toMatch(/^hits: +1 \(100 %\)$/m)
  expect((await hearth('pool', 'list')).stdout).toContain('100 %')
  const top = await hearth('top')
  expect(top.stdout).toMatch(/^POOL .*\nbase .*\n\nID /)
})

it('keeps what is not named, and is refused what is wrong, by name', async () => {
  await hearth('pool', 'set', 'base', '--max', '3', '--refill-interval', '2s', '--entry-max-age', '5m', '--lazy')
  await hearth(
    'pool',
    'set',
    'base',
    '--validate',
    'guest',
    '--validate',
    'http:80/healthz=204',
    '--validate',
    'command:test -e /ready',
  )
  expect(await show()).toMatchObject({
    settings: {
      max: 3,
      refillIntervalMs: 2000,
      entryMaxAgeMs: 300_000,
      lazy: true,
      validators: [
        { kind: 'guest' },
        { kind: 'http', port: 80, path: '/healthz', status: 204 },
        { kind: 'command', argv: ['test', '-e', '/ready'] },
      ],
    },
    stats: { refill: 'waiting_for_first_launch' },
  })
  await hearth('pool', 'set', 'base', '--no-validate', '--no-lazy')
  expect(await show()).toMatchObject({ settings: { max: 3, lazy: false, validators: [] } })
  for (const [flags, code, message] of [
    [['--max', '21'], 1, 'max: 21 is not allowed'],
    [['--snapshot-max-age', '30s'], 1, 'settings.snapshotMaxAgeMs: 30000 is not allowed'],
    [['--min', 'x'], 2, '"x" is not a whole number'],
    [['--refill-interval', '5'], 2, '"5" is not a duration'],
    [['--validate', 'tcp:80'], 2, '"tcp:80" is no validator'],
    [['--template', 'nosuch'], 1, 'nosuch'],
  ] as const) {
    const ended = await hearth('pool', 'set', 'base', ...flags)
    expect([flags, ended.code, ended.stderr]).toEqual([flags, code, expect.stringContaining(message)])
  }
})

it('that makes no progress says why, and warm fails with that', async () => {
  await hearth('pool', 'set', 'base', '--min', '1', '--max', '1', '--validate', 'command:false', '--progress-deadline', '1s')
  const warm = await hearth('pool', 'warm', 'base', '--give-up', '20s')
  expect([warm.code, warm.stdout]).toEqual([1, ''])
  expect(warm.stderr).toContain('validator command false failed')
  expect((await hearth('pool', 'show', 'base')).stdout).toMatch(
    /^refill now: +not_progressing: .*validator command false failed/m,
  )
  const refused = await hearth('launch', 'base', '--boot', 'warm')
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('validator command false failed')])
  const launched = await hearth('launch', 'base')
  expect(launched.stderr).toMatch(/is restored in .*pool_not_ready/)
})

it('is drained, and filled again when it is set', async () => {
  await hearth('pool', 'set', 'base', '--min', '1', '--max', '1')
  await hearth('pool', 'warm', 'base', '--give-up', '20s')
  expect((await hearth('pool', 'drain', 'base')).code).toBe(0)
  expect(await show()).toMatchObject({ state: 'draining', stats: { depth: 0, target: 0 } })
  const warm = await hearth('pool', 'warm', 'base', '--give-up', '20s')
  expect([warm.code, warm.stderr]).toEqual([1, expect.stringContaining('draining')])
  await hearth('pool', 'set', 'base')
  expect((await hearth('pool', 'warm', 'base', '--give-up', '20s')).code).toBe(0)
})

it('goes over to a new version, canaries first, and stays where it was when they fail', async () => {
  await hearth('pool', 'set', 'base', '--min', '1', '--max', '1', '--validate', 'command:test "$V" != bad')
  await hearth('pool', 'set', 'base', '--validate', 'command:["sh","-c","test \\"$V\\" != bad"]')
  await hearth('template', 'build', 'base', 'builtin:base', '--env', 'V=good')
  await hearth('template', 'build', 'base', 'builtin:base', '--env', 'V=bad')
  expect(await hearth('pool', 'rollout', 'status', 'base')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('nothing was rolled out'),
  })
  const good = await hearth('pool', 'rollout', 'start', 'base', '2', '--wait', '--probation', '1s')
  expect([good.code, good.stderr, good.stdout]).toEqual([0, expect.anything(), expect.stringMatching(/^state: +done$/m)])
  const bad = await hearth('pool', 'rollout', 'start', 'base', '3', '--wait')
  expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining('version 3 did not take over')])
  expect(await show()).toMatchObject({ version: 2, rollout: { version: 3, state: 'rolled_back' } })
  expect(await hearth('pool', 'rollout', 'abort', 'base')).toMatchObject({ code: 1 })
})

it('shows what autoscale would do, and is told to', async () => {
  await hearth('pool', 'set', 'base', '--min', '1', '--max', '2')
  const dry = await hearth('pool', 'autoscale', 'base', '--dry-run', '--hit-rate', '0.95')
  expect([dry.code, dry.stdout]).toEqual([0, expect.stringMatching(/^wanted: 95 % hits with 1 to 2 machines$/m)])
  const wet = await hearth('pool', 'autoscale', 'base')
  expect([wet.code, wet.stderr]).toEqual([2, expect.stringContaining('hearth pool set base --autoscale 0.99')])
  await hearth('pool', 'set', 'base', '--autoscale', '0.9', '--autoscale-max', '8')
  expect(await show()).toMatchObject({ settings: { autoscale: { targetHitRate: 0.9, smallest: 1, largest: 8 } } })
  await hearth('pool', 'set', 'base', '--autoscale-min', '2')
  expect(await show()).toMatchObject({ settings: { autoscale: { targetHitRate: 0.9, smallest: 2, largest: 8 } } })
  await hearth('pool', 'set', 'base', '--no-autoscale')
  expect((await show()).settings).not.toHaveProperty('autoscale')
})

it('is named when Tab is pressed, and tells its events', async () => {
  await hearth('pool', 'set', 'base', '--min', '0')
  const { stdout } = await hearth('complete', '--', 'pool', 'show', '')
  expect(stdout).toMatch(/^base\t/m)
  const events = await hearth('events', '--after', '0', '--kind', 'pool', '-A')
  expect(events.stdout).toMatch(/pool +base/)
})
