import type { Name } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import { templateRow } from './rows.ts'

/** Versions of templates. */
export function describeTemplateRows(store: CurrentStore): void {
  describe('template versions', () => {
    it('come newest first, by number and not by letter, of that name alone', async () => {
      for (const version of [2, 10, 1]) await store().templates.insert(templateRow('base', version))
      await store().templates.insert(templateRow('base2', 1))
      const versions = await store().templates.versions('base' as Name)
      expect(versions.map((template) => template.version)).toEqual([10, 2, 1])
      expect(await store().templates.versions('none' as Name)).toEqual([])
    })
  })
}
