import type { TemplateRef } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import { snapshotId, snapshotRow } from './rows.ts'

/** Snapshots by their template. */
export function describeSnapshotRows(store: CurrentStore): void {
  describe('snapshots of a template', () => {
    it('are those of that very version, oldest first', async () => {
      await store().snapshots.insert(snapshotRow(2))
      await store().snapshots.insert(snapshotRow(1))
      await store().snapshots.insert(snapshotRow(3, { template: 'base@2' as TemplateRef }))
      const found = await store().snapshots.byTemplate('base@1' as TemplateRef)
      expect(found.map((snapshot) => snapshot.id)).toEqual([1, 2].map(snapshotId))
    })
  })
}
