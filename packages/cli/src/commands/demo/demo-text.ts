import { table } from '../../output/table.ts'
import { duration } from '../../output/units.ts'
import type { DemoResult } from './demo-result.ts'

/** The result for people: the clones, the times, the proofs. */
export function demoText({ clones, coldMs, restoreMs, forkMs, pauseMs, proofs }: DemoResult): string {
  const who = table(
    ['CLONE', 'HOSTNAME', 'MACHINE ID', 'ADDRESS', 'MAC', 'RANDOM', 'CLOCK OFF', 'OWN MEMORY'],
    clones.map((clone) => [
      clone.machineId,
      clone.hostname,
      `${clone.machineUuid.slice(0, 8)}…`,
      clone.address,
      clone.mac,
      `${clone.random.slice(0, 12)}…`,
      `${clone.clockDeltaMs} ms`,
      `${clone.anonMiB} MiB`,
    ]),
  )
  const median = middle(restoreMs)
  const times = table(
    ['STEP', 'TIME', 'AGAINST COLD'],
    [
      ['cold boot, service ready', duration(coldMs), '1'],
      ['restore on demand (median)', duration(median), `${Math.round(coldMs / median)} times faster`],
      [
        `fork, each of ${forkMs.length} (median)`,
        duration(middle(forkMs)),
        `${Math.round(coldMs / middle(forkMs))} times faster`,
      ],
      ['the source stood still for', duration(pauseMs), ''],
    ],
  )
  const proof = proofs.map(({ claim, holds, detail }) => `${holds ? 'holds' : 'FAILS'}  ${claim} (${detail})`).join('\n')
  return `\n${who}\n\n${times}\n\n${proof}`
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
