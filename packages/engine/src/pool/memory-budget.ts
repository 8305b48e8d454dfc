import type { PoolContext } from './pool-context.ts'

/** Whether one more machine of this size fits into what the host may promise. Clones share most of theirs, so this bounds the worst case. */
export function fitsMemory(context: Pick<PoolContext, 'options' | 'promisedMemory'>, memoryMiB: number): boolean {
  const { hostMemoryMiB } = context.options
  return hostMemoryMiB === undefined || context.promisedMemory.totalMiB + memoryMiB <= hostMemoryMiB
}
