import type { SnapshotTree } from '@hearth/sdk'
import { expect, it } from 'vitest'
import { snapshotTreeText } from './snapshot-tree-text.ts'

type Item = SnapshotTree['items'][number]

const made = Date.parse('2026-01-01T00:00:00Z')
const item = (id: string, parent?: string, more: Partial<Item> = {}): Item => ({
  id,
  ...(parent === undefined ? {} : { parent }),
  kind: 'user',
  state: 'ready',
  source: 'm-1',
  createdAt: new Date(made).toISOString(),
  ...more,
})

it('draws each snapshot below the one it comes from, and marks the one that was asked for', () => {
  const items = [
    item('root'),
    item('a', 'root'),
    item('a1', 'a'),
    item('a2', 'a', { state: 'failed' }),
    item('b', 'root', { tag: 'x\u001b[2J' }),
  ]
  const text = snapshotTreeText({ snapshot: 'a1', root: 'root', truncated: true, items }, made + 60_000)
  expect(text.split('\n')).toEqual([
    'root  user  1m',
    '├─ a  user  1m',
    '│  ├─ a1  user  1m  *',
    '│  └─ a2  user  failed  1m',
    '└─ b  user  "x\\u001b[2J"  1m',
    '… there are more',
  ])
})

it('draws a line of descent that is long', () => {
  const items = Array.from({ length: 2_000 }, (_, index) => item(`s${index}`, index === 0 ? undefined : `s${index - 1}`))
  expect(snapshotTreeText({ snapshot: 's0', root: 's0', truncated: false, items }, made).split('\n')).toHaveLength(2_000)
})
