import { expect, it } from 'vitest'
import { failedLaunchSpan, launchSpan, snapshotSpan } from './spans.ts'

it('lays the phases of a launch one after another inside it', () => {
  const span = launchSpan({
    machine: 'm-1',
    driver: 'qemu',
    template: 'base@1',
    startedAt: 1000,
    boot: {
      method: 'restored',
      reasons: [{ code: 'pool_empty', detail: 'it is' }],
      phasesMs: { plan: 1.5, restore: 20, connect: 5 },
      totalMs: 30,
      poolHit: false,
    },
  })
  expect(span).toMatchObject({ name: 'launch', startMs: 1000, endMs: 1030 })
  expect(span.attributes).toMatchObject({ 'hearth.boot.method': 'restored', 'hearth.boot.reasons': 'pool_empty' })
  expect(span.children.map(({ name, startMs, endMs }) => [name, startMs, endMs])).toEqual([
    ['launch.plan', 1000, 1001.5],
    ['launch.restore', 1001.5, 1021.5],
    ['launch.connect', 1021.5, 1026.5],
  ])
})

it('shows a failure with its code, ending now', () => {
  expect(failedLaunchSpan({ driver: 'qemu', code: 'driver_timeout', tookMs: 50 }, 1050)).toMatchObject({
    startMs: 1000,
    endMs: 1050,
    failure: 'driver_timeout',
  })
  const failed = snapshotSpan({ kind: 'user', driver: 'qemu', outcome: 'failed', tookMs: 50 }, 1050)
  expect(failed).toMatchObject({ startMs: 1000, failure: 'failed' })
  expect(snapshotSpan({ kind: 'user', driver: 'qemu', outcome: 'ready', tookMs: 1 }, 9)).not.toHaveProperty('failure')
})
