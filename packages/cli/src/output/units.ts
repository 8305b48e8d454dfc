const sizeUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
const steps = [
  { ms: 86_400_000, unit: 'd' },
  { ms: 3_600_000, unit: 'h' },
  { ms: 60_000, unit: 'm' },
  { ms: 1000, unit: 's' },
] as const

/** `980 B`, `1.5 MiB`. */
export function size(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(sizeUnits.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${sizeUnits[power]}`
}

/** `3.2 ms`, `812 ms`, `4.1 s`. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** How long ago a moment was, in its largest unit: `5s`, `3m`, `2d`. */
export function age(moment: string, nowMs: number): string {
  const ms = Math.max(0, nowMs - Date.parse(moment))
  const step = steps.find((candidate) => ms >= candidate.ms) ?? { ms: 1000, unit: 's' }
  return `${Math.floor(ms / step.ms)}${step.unit}`
}
