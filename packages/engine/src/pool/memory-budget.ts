import { driverError, type HearthError } from '@hearth/model'
import type { Context } from '../context.ts'

type Budget = Pick<Context, 'options' | 'promisedMemory'>

/** Whether one more machine of this size fits into what the host may promise. Clones share most of theirs, so this bounds the worst case. */
export function fitsMemory({ options, promisedMemory }: Budget, memoryMiB: number): boolean {
  const { hostMemoryMiB } = options
  return hostMemoryMiB === undefined || promisedMemory.totalMiB + memoryMiB <= hostMemoryMiB
}

/** What whoever wants a machine that does not fit is told: it may be tried again. */
export function memoryIsSpent({ options, promisedMemory }: Budget, wantedMiB: number): HearthError {
  const budgetMiB = options.hostMemoryMiB ?? 0
  const promisedMiB = promisedMemory.totalMiB
  return driverError(
    'Busy',
    `the host's memory budget of ${budgetMiB} MiB is spent: ${promisedMiB} MiB are promised, and ${wantedMiB} MiB more are wanted`,
    {
      hint: 'End machines that are not needed, or raise host-memory-mib.',
      details: { reason: 'host_memory', budgetMiB, promisedMiB, wantedMiB },
    },
  )
}
