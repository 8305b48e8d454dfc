import type { MachineResource, MachineStatsResource } from '@hearth/sdk'
import { expect, it } from 'vitest'
import { type Sample, sampleOf } from './measure.ts'
import { fitted, machineLines, summaryLine } from './screen.ts'

const made = Date.parse('2026-01-01T00:00:00Z')

function machine(id: string, state: MachineResource['state'] = 'running'): MachineResource {
  const boot = { method: 'restored' as const, reasons: [], phasesMs: {}, totalMs: 42, poolHit: false }
  return { id, state, template: 'base@1', createdAt: new Date(made).toISOString(), boot } as unknown as MachineResource
}

function stats(cpuMs: number, anonymousBytes = 1024 ** 2): MachineStatsResource {
  return { host: { cpuMs, anonymousBytes, residentBytes: anonymousBytes } }
}

it("takes a machine's share of processors since the last look, at first since it was made", () => {
  const first = sampleOf(machine('a'), stats(500), made + 1000, undefined)
  expect(first.cpuShare).toBe(0.5)
  expect(sampleOf(machine('a'), stats(2500), made + 2000, first).cpuShare).toBe(2)
  // Its process is another one than before.
  expect(sampleOf(machine('a'), stats(10), made + 2000, first).cpuShare).toBe(0)
  expect(sampleOf(machine('a', 'starting'), undefined, made, first)).not.toHaveProperty('cpuShare')
})

it('draws the busiest first, and sums up', () => {
  const samples: Sample[] = [
    sampleOf(machine('idle'), stats(0), made + 1000, undefined),
    sampleOf(machine('new', 'starting'), undefined, made + 1000, undefined),
    sampleOf(machine('busy'), stats(900), made + 1000, undefined),
  ]
  const lines = machineLines(samples, made + 5000).split('\n')
  expect(lines.slice(1).map((line) => line.split(' ')[0])).toEqual(['busy', 'idle', 'new'])
  expect(lines[1]).toMatch(/restored 42 ms +90\.0 % +1\.0 MiB +- +5s$/)
  expect(summaryLine(samples, 'here')).toBe('here: 2 running, 1 starting; 0.9 processors, 2.0 MiB of memory of their own')
  expect(summaryLine([], 'here')).toContain('no machines')
})

it('shows no more than the terminal holds, and says so', () => {
  const text = ['first', 'second', 'third', 'fourth'].join('\n')
  expect(fitted(text, { columns: 80, rows: 4 })).toBe(text)
  expect(fitted(text, { columns: 3, rows: 3 })).toBe('fir\nsec\n… 2')
})
