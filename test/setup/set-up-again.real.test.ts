import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'

const main = join(import.meta.dirname, '../../tools/setup/main.mjs')

function setUp(args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env: { ...process.env, ...env } })
}

describe('set-up where everything is in place', () => {
  // The sources may have changed since the programs were built.
  beforeAll(() => expect(setUp([]).status).toBe(0), 600_000)

  it('does nothing, in less than 3 s', () => {
    const startMs = performance.now()
    const { status, stderr, stdout } = setUp([])
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: '' })
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/^set-up: everything is in place \([\d.]+ s\)$/)])
    expect(performance.now() - startMs).toBeLessThan(3_000)
  })

  it.each([[['--then']], [['--then', 'dance']], [['--then', 'toString']], [['demo']]])('refuses %j', (args) => {
    const { status, stderr } = setUp(args)
    expect(status).toBe(1)
    expect(stderr).toContain('Write: node tools/setup/main.mjs [--then demo|test|bench]')
  })

  it('hands arguments and the exit code of the next step on, and runs it on Node 24', () => {
    const { status, stdout } = setUp(['--then', 'test', '--', '--project', 'unit', 'no-such-test'])
    expect({ status, last: stdout.trim().split('\n').at(-1) }, stdout).toEqual({
      status: 1,
      last: '0 passed, 1 failed, 0 skipped',
    })
  })
})
