import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { askJson, memoryServer } from '../server/support/memory-server.ts'
import { scratchFolder } from '../support/scratch-folder.ts'
import { startCollector } from './support/collector.ts'
import { readyTemplate } from './support/ready-template.ts'

const attribute = (span: { attributes: readonly { key: string; value: object }[] }, key: string) =>
  Object.values(span.attributes.find((each) => each.key === key)?.value ?? {})[0]

it('sends a launch with its phases to a collector, in order and inside it, and no secret', async () => {
  await using folder = await scratchFolder()
  await using collector = await startCollector()
  const home = join(folder.path, 'home')
  const server = await memoryServer(home, { otlpEndpoint: collector.endpoint })
  await readyTemplate(home)
  const { id } = await askJson(home, 'POST', '/v1/machines', { template: 'base', secrets: { KEY: 'hush' }, env: { A: 'quiet' } })
  await askJson(home, 'POST', '/v1/machines', { template: 'none' })
  await server.close()

  expect([...collector.paths]).toEqual(['/v1/traces'])
  expect([...collector.services]).toEqual(['hearth'])
  const launch = collector.spans.find((span) => span.name === 'launch' && attribute(span, 'hearth.machine') === id)
  expect(launch).toBeDefined()
  if (!launch) return
  expect(attribute(launch, 'hearth.boot.method')).toBe('restored')
  const phases = collector.spans.filter(({ parentSpanId }) => parentSpanId === launch.spanId)
  expect(phases.map(({ name }) => name)).toEqual(expect.arrayContaining(['launch.plan', 'launch.restore', 'launch.personalise']))
  expect(new Set(phases.map(({ traceId }) => traceId))).toEqual(new Set([launch.traceId]))
  let last = BigInt(launch.startTimeUnixNano)
  for (const { startTimeUnixNano, endTimeUnixNano } of phases) {
    expect(BigInt(startTimeUnixNano)).toBeGreaterThanOrEqual(last)
    last = BigInt(endTimeUnixNano)
  }
  // A microsecond for rounding.
  expect(last).toBeLessThanOrEqual(BigInt(launch.endTimeUnixNano) + 1000n)

  const failed = collector.spans.find(({ status }) => status.message === 'template_not_found')
  expect(failed?.name).toBe('launch')
  expect(JSON.stringify(collector.spans)).not.toMatch(/hush|quiet/)
})

it('goes on without its collector, and ends in time', async () => {
  await using folder = await scratchFolder()
  const home = join(folder.path, 'home')
  const collector = await startCollector()
  const server = await memoryServer(home, { otlpEndpoint: collector.endpoint })
  await collector[Symbol.asyncDispose]()
  await readyTemplate(home)
  expect(await askJson(home, 'POST', '/v1/machines', { template: 'base' })).toMatchObject({ state: 'running' })
  const began = performance.now()
  await server.close()
  expect(performance.now() - began).toBeLessThan(5000)
})

it('loads nothing for traces where nobody takes them', async () => {
  const loaded = vi.fn()
  vi.doMock('@opentelemetry/sdk-trace-node', loaded)
  await using folder = await scratchFolder()
  const home = join(folder.path, 'home')
  const server = await memoryServer(home)
  await readyTemplate(home)
  await askJson(home, 'POST', '/v1/machines', { template: 'base' })
  await server.close()
  expect(loaded).not.toHaveBeenCalled()
  vi.doUnmock('@opentelemetry/sdk-trace-node')
})
