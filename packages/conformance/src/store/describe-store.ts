import type { StateStore } from '@hearth/model'
import { afterEach, beforeEach, describe } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import { describeMachineRows } from './machine-rows.ts'
import { describeSecrets } from './secrets.ts'
import { describeSnapshotRows } from './snapshot-rows.ts'
import { describeTableRules } from './table-rules.ts'
import { describeTemplateRows } from './template-rows.ts'

/** What every state store must do. `open` gives an empty store; the suite closes it. */
export function describeStore(name: string, open: () => Promise<StateStore>): void {
  describe(`state store: ${name}`, () => {
    let store: StateStore
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())
    const current: CurrentStore = () => store

    describeTableRules(current)
    describeMachineRows(current)
    describeSecrets(current)
    describeTemplateRows(current)
    describeSnapshotRows(current)
  })
}
