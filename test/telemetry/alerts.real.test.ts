import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'deploy/prometheus')
const promtool = (...args: string[]) => execFileSync('promtool', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const rules = read('deploy/prometheus/alerts.yml')
const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map((match) => match[1] ?? '')

it('are rules that Prometheus takes', () => {
  expect(promtool('check', 'rules', 'alerts.yml')).toContain(`${alerts.length} rules found`)
})

it('fire when they should, and keep quiet when all is well', () => {
  expect(promtool('test', 'rules', 'alerts.test.yml')).toContain('SUCCESS')
  const tested = read('deploy/prometheus/alerts.test.yml')
  const firing = [...tested.matchAll(/alertname: (\w+)\s+exp_alerts:\s+- /g)].map((match) => match[1])
  expect([...new Set(firing)].sort()).toEqual([...alerts].sort())
})

it('come with a configuration that Prometheus takes', () => {
  // Its key file is on the host of Prometheus, so only the form is looked at.
  expect(promtool('check', 'config', '--syntax-only', 'prometheus.yml')).toContain('SUCCESS')
})

it('each have a summary, a severity and an entry in the troubleshooting guide', () => {
  const guide = read('docs/troubleshooting.md')
  const entries = [...guide.matchAll(/^#+ (Hearth\w+)$/gm)].map((match) => match[1] ?? '')
  expect(entries.sort()).toEqual([...alerts].sort())
  for (const block of rules.split('- alert: ').slice(1)) {
    const name = block.split('\n')[0] ?? ''
    expect(block, name).toMatch(/severity: (warning|critical)\n/)
    expect(block, name).toMatch(/summary: \S/)
    expect(block, name).toContain(`runbook: docs/troubleshooting.md#${name.toLowerCase()}\n`)
  }
})
