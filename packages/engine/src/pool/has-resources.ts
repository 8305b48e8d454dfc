import type { Resources } from '@hearth/model'

/** Whether machines of this size are what was asked for. */
export function hasResources(has: Resources, wanted: Partial<Resources> = {}): boolean {
  return (['vcpus', 'memoryMiB', 'diskMiB'] as const).every((each) => wanted[each] === undefined || wanted[each] === has[each])
}
