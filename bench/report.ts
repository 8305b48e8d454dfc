import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import type { Summary } from './samples.ts'

/** What one suite measured. */
export interface Report {
  readonly suite: string
  readonly results: readonly Summary[]
  /** By the names that the issue gives them. */
  readonly figures: Readonly<Record<string, number>>
}

/** Prints a report as a table and, when asked, writes it as data. */
export async function publish(report: Report, jsonFile?: string): Promise<void> {
  console.log(`\n${report.suite}`)
  for (const { name, n, failures, p50Ms, p95Ms, p99Ms } of report.results) {
    const times = `p50 ${show(p50Ms)}  p95 ${show(p95Ms)}  p99 ${show(p99Ms)} ms`
    console.log(`  ${name.padEnd(34)} ${times}  (n ${n}, failures ${failures})`)
  }
  for (const [name, value] of Object.entries(report.figures)) console.log(`  ${name.padEnd(34)} ${show(value)}`)
  if (jsonFile)
    await writeFile(jsonFile, `${JSON.stringify({ suite: report.suite, machine: machine(), ...pick(report) }, finite, 2)}\n`)
}

function pick({ results, figures }: Report) {
  return { results, figures }
}

function machine() {
  const model = cpus()[0]?.model ?? 'unknown'
  const debian = readFileSync('/etc/os-release', 'utf8').match(/^PRETTY_NAME="(.*)"$/m)?.[1] ?? 'unknown'
  return {
    cpu: model,
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 1024 ** 2),
    kernel: release(),
    system: debian,
    node: process.version,
  }
}

/** JSON has no infinity. */
function finite(_: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? 'infinite' : value
}

function show(value: number): string {
  return (Number.isFinite(value) ? value.toFixed(value < 10 ? 2 : 1) : 'failed').padStart(8)
}
