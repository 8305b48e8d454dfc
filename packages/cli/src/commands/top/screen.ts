import { table } from '../../output/table.ts'
import { age, duration, size } from '../../output/units.ts'
import type { Sample } from './measure.ts'

/** One line a machine: the busiest first. */
export function machineLines(samples: readonly Sample[], nowMs: number): string {
  const rows = samples
    .toSorted((a, b) => (b.cpuShare ?? -1) - (a.cpuShare ?? -1))
    .map(({ machine, stats, cpuShare }) => [
      machine.id,
      machine.name ?? '-',
      machine.state,
      machine.template,
      machine.boot ? `${machine.boot.method} ${duration(machine.boot.totalMs)}` : '-',
      cpuShare === undefined ? '-' : `${(cpuShare * 100).toFixed(1)} %`,
      stats ? size(stats.host.anonymousBytes) : '-',
      stats?.guest
        ? `${size(stats.guest.memTotalBytes - stats.guest.memAvailableBytes)} of ${size(stats.guest.memTotalBytes)}`
        : '-',
      age(machine.createdAt, nowMs),
    ])
  return table(['ID', 'NAME', 'STATE', 'TEMPLATE', 'BOOT', 'CPU', 'OWN MEMORY', 'GUEST MEMORY', 'AGE'], rows)
}

/** What is seen of all machines together. */
export function summaryLine(samples: readonly Sample[], where: string): string {
  const count = (state: string) => samples.filter(({ machine }) => machine.state === state).length
  const cpu = samples.reduce((sum, { cpuShare = 0 }) => sum + cpuShare, 0)
  const memory = samples.reduce((sum, { stats }) => sum + (stats?.host.anonymousBytes ?? 0), 0)
  const states = (['running', 'paused', 'starting', 'stopping'] as const).flatMap((state) =>
    count(state) > 0 ? [`${count(state)} ${state}`] : [],
  )
  const machines = states.length === 0 ? 'no machines' : states.join(', ')
  return `${where}: ${machines}; ${cpu.toFixed(1)} processors, ${size(memory)} of memory of their own`
}

/** As much as fits on a terminal of this size; what does not is counted. */
export function fitted(text: string, { columns, rows }: { readonly columns: number; readonly rows: number }): string {
  const lines = text.split('\n').map((line) => line.slice(0, columns))
  if (lines.length <= rows) return lines.join('\n')
  return [...lines.slice(0, rows - 1), `… ${lines.length - rows + 1} more`.slice(0, columns)].join('\n')
}
