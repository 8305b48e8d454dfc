import type { SnapshotTree } from '@hearth/sdk'
import { printable } from './table.ts'
import { age, size } from './units.ts'

type Item = SnapshotTree['items'][number]

/** Snapshots below the one they come from; the one that was asked for is marked. */
export function snapshotTreeText({ snapshot, items, truncated }: SnapshotTree, nowMs: number): string {
  const known = new Set(items.map(({ id }) => id))
  const children = Map.groupBy(items, ({ parent }) => (parent !== undefined && known.has(parent) ? parent : ''))
  const lines: string[] = []
  // With a list of its own of what is left to draw: a line of descent may be longer than the call stack.
  const left = (children.get('') ?? []).map((item) => ({ item, prefix: '', branch: '' })).reverse()
  for (let next = left.pop(); next; next = left.pop()) {
    const { item, prefix, branch } = next
    lines.push(`${prefix}${branch}${itemText(item, item.id === snapshot, nowMs)}`)
    const below = children.get(item.id) ?? []
    const inner = branch === '' ? prefix : `${prefix}${branch === '└─ ' ? '   ' : '│  '}`
    const drawn = below.map((child, index) => ({
      item: child,
      prefix: inner,
      branch: index === below.length - 1 ? '└─ ' : '├─ ',
    }))
    left.push(...drawn.reverse())
  }
  return [...lines, ...(truncated ? ['… there are more'] : [])].join('\n')
}

function itemText(item: Item, isAsked: boolean, nowMs: number): string {
  const facts = [
    item.id,
    item.kind,
    ...(item.state === 'ready' ? [] : [item.state]),
    ...(item.tag === undefined ? [] : [JSON.stringify(item.tag)]),
    ...(item.sizeBytes === undefined ? [] : [size(item.sizeBytes)]),
    age(item.createdAt, nowMs),
  ]
  return `${printable(facts.join('  '))}${isAsked ? '  *' : ''}`
}
