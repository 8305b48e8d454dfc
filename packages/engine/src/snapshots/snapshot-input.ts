import { invalidInput } from '@hearth/model'
import { checkLabels, whole } from '../input/checks.ts'
import type { SnapshotMarks } from './engine-snapshots.ts'

const longestTag = 128
/** Ten years. */
const longestTtlMs = 3650 * 86_400_000

/** @throws HearthError `invalid_input` */
export function checkMarks({ tag, labels, ttlMs, pinned }: SnapshotMarks): SnapshotMarks {
  return {
    ...(tag !== undefined && { tag: checkTag(tag) }),
    ...(labels && { labels: checkLabels(labels) }),
    ...(ttlMs !== undefined && { ttlMs: checkTtl(ttlMs) }),
    ...(pinned !== undefined && { pinned: checkPinned(pinned) }),
  }
}

function checkTag(tag: string): string {
  if (typeof tag !== 'string' || tag.length === 0 || tag.length > longestTag || /\p{Cc}/u.test(tag)) {
    throw invalidInput('tag', tag, `1 to ${longestTag} characters without control characters`)
  }
  return tag
}

function checkTtl(ttlMs: number): number {
  return whole(ttlMs, { min: 0, max: longestTtlMs }, 'ttlMs')
}

function checkPinned(pinned: boolean): boolean {
  if (typeof pinned !== 'boolean') throw invalidInput('pinned', pinned, 'true or false')
  return pinned
}
