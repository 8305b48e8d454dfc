import { defaultNamespace, type Name, type SnapshotFilter, type SnapshotManifest, type TemplateRef } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import { machineId, snapshotId, snapshotRow } from './rows.ts'

const other = 'other' as Name
const ids = (rows: readonly { readonly id: string }[]) => rows.map((row) => row.id)

/** Snapshots by what they are asked for. */
export function describeSnapshotRows(store: CurrentStore): void {
  describe('snapshots of a template', () => {
    it('are those of that very version, oldest first', async () => {
      await store().snapshots.insert(snapshotRow(2))
      await store().snapshots.insert(snapshotRow(1))
      await store().snapshots.insert(snapshotRow(3, { template: 'base@2' as TemplateRef }))
      expect(ids(await store().snapshots.byTemplate('base@1' as TemplateRef))).toEqual([1, 2].map(snapshotId))
      await store().snapshots.insert(snapshotRow(4, { kind: 'template' }))
      expect(ids(await store().snapshots.byTemplate('base@1' as TemplateRef, 'template'))).toEqual([snapshotId(4)])
    })
  })

  describe('children of a snapshot', () => {
    it('are those made of it that have not failed', async () => {
      const parent = snapshotId(1)
      await store().snapshots.insert(snapshotRow(1))
      await store().snapshots.insert(snapshotRow(2, { parent, state: 'ready' }))
      await store().snapshots.insert(snapshotRow(3, { parent, state: 'failed' }))
      await store().snapshots.insert(snapshotRow(4, { parent, state: 'creating' }))
      await store().snapshots.insert(snapshotRow(5, { parent: snapshotId(2), state: 'ready' }))
      expect(ids(await store().snapshots.children(parent))).toEqual([2, 4].map(snapshotId))
      expect(await store().snapshots.children(snapshotId(5))).toEqual([])
    })
  })

  describe('lists of snapshots', () => {
    const rows = [
      snapshotRow(1, { namespace: other, kind: 'template', state: 'ready', tag: 'x' }),
      snapshotRow(2, { host: 'home-2', state: 'failed', source: machineId(2), parent: snapshotId(1) }),
      snapshotRow(3, { pinned: true, template: 'base@2' as TemplateRef, labels: { keep: 'yes', 'a"\n': '' } }),
      snapshotRow(4, { kind: 'fork', template: 'base2@1' as TemplateRef, state: 'quarantined', labels: {} }),
    ]
    const born = (number: number) => snapshotRow(number).createdAt
    const cases: readonly (readonly [string, SnapshotFilter, readonly number[]])[] = [
      ['nothing', {}, [1, 2, 3, 4]],
      ['a namespace', { namespace: other }, [1]],
      ['a host', { host: 'home-2' }, [2]],
      ['kinds', { kinds: ['template', 'fork'] }, [1, 4]],
      ['states', { states: ['failed', 'creating'] }, [2, 3]],
      ['its source', { source: machineId(2) }, [2]],
      ['its parent', { parent: snapshotId(1) }, [2]],
      ['a template, all versions', { template: 'base' }, [1, 2, 3]],
      ['one version of a template', { template: 'base@2' }, [3]],
      ['a tag', { tag: 'x' }, [1]],
      ['pins', { pinned: true }, [3]],
      ['no pins', { pinned: false, namespace: defaultNamespace }, [2, 4]],
      ['labels', { labels: { 'a"\n': '', keep: 'yes' } }, [3]],
      ['other labels', { labels: { keep: 'no' } }, []],
      ['what is younger than a moment', { createdAfter: born(2) }, [3, 4]],
      ['what is older than a moment', { createdBefore: born(2) }, [1]],
      ['several things', { kinds: ['user'], template: 'base', createdBefore: born(3) }, [2]],
    ]
    it.each(cases)('can be asked for %s', async (_, filter, expected) => {
      for (const row of rows) await store().snapshots.insert(row)
      expect(ids(await store().snapshots.where(filter))).toEqual(expected.map(snapshotId))
      const { items } = await store().snapshots.page(filter, { limit: 10 })
      expect(ids(items)).toEqual(expected.toReversed().map(snapshotId))
    })

    it('come in pages like machines', async () => {
      for (const row of rows) await store().snapshots.insert(row)
      const first = await store().snapshots.page({}, { limit: 3 })
      expect(ids(first.items)).toEqual([4, 3, 2].map(snapshotId))
      const second = await store().snapshots.page({}, { limit: 3, cursor: first.next ?? '' })
      expect(second).toEqual({ items: [expect.objectContaining({ id: snapshotId(1) })] })
    })

    it('leave out changed blocks, and nothing else; one row alone has them', async () => {
      const row = { ...snapshotRow(1, { parent: snapshotId(9) }), rev: 1 }
      await store().snapshots.insert(row)
      const light = { ...row, manifest: withoutBlocks(row.manifest) }
      expect((await store().snapshots.page({}, { limit: 1 })).items).toEqual([light])
      expect(await store().snapshots.where({})).toEqual([light])
      expect(await store().snapshots.children(snapshotId(9))).toEqual([light])
      expect(await store().snapshots.get(row.id)).toEqual(row)
      expect(await store().snapshots.byTemplate(row.template)).toEqual([row])
      expect(await store().snapshots.list()).toEqual([row])
      const changed = await store().snapshots.update(row.id, 1, { tag: 'later' })
      expect(changed).toEqual({ ...row, tag: 'later', rev: 2 })
      expect(await store().snapshots.update(row.id, 2, { manifest: light.manifest })).toEqual({ ...light, tag: 'later', rev: 3 })
    })
  })

  describe('usage of a namespace', () => {
    it('counts user snapshots that have not failed, and their bytes', async () => {
      expect(await store().snapshots.usage(other)).toEqual({ count: 0, bytes: 0 })
      const namespace = other
      await store().snapshots.insert(snapshotRow(1, { namespace, state: 'ready', sizeBytes: 2 ** 41 }))
      const { sizeBytes: _, ...unfinished } = snapshotRow(2, { namespace, state: 'creating' })
      await store().snapshots.insert(unfinished)
      await store().snapshots.insert(snapshotRow(3, { namespace, state: 'failed' }))
      await store().snapshots.insert(snapshotRow(4, { namespace, kind: 'fork', state: 'ready' }))
      await store().snapshots.insert(snapshotRow(5, { namespace, state: 'deleting', sizeBytes: 1 }))
      await store().snapshots.insert(snapshotRow(6, { state: 'ready' }))
      expect(await store().snapshots.usage(other)).toEqual({ count: 3, bytes: 2 ** 41 + 1 })
    })
  })
}

function withoutBlocks(manifest: SnapshotManifest | undefined): SnapshotManifest {
  if (manifest === undefined) throw new Error('the row has a manifest')
  const { changedBlocks, ...memory } = manifest.layers.memory
  expect(changedBlocks).toBeDefined()
  return { ...manifest, layers: { ...manifest.layers, memory } }
}
