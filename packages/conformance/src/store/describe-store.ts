import type { StateStore } from '@hearth/model'
import { afterEach, beforeEach, describe } from 'vitest'
import { describeAlongside } from './alongside.ts'
import { describeCounts } from './counts.ts'
import type { CurrentStore } from './current-store.ts'
import { describeEvents } from './event-cases.ts'
import { describeLeases } from './lease-cases.ts'
import { describeMachinePages } from './machine-pages.ts'
import { describeMachineRows } from './machine-rows.ts'
import { describePoolRows } from './pool-rows.ts'
import { describeRecords } from './record-cases.ts'
import { describeSecrets } from './secrets.ts'
import { describeServers } from './server-cases.ts'
import { describeSnapshotRows } from './snapshot-rows.ts'
import { describeTableRules } from './table-rules.ts'
import { describeTemplateRows } from './template-rows.ts'
import { describeUpkeep } from './upkeep-cases.ts'

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
    describeMachinePages(current)
    describeAlongside(current)
    describeEvents(current)
    describeLeases(current)
    describeServers(current)
    describeRecords(current)
    describeUpkeep(current)
    describePoolRows(current)
    describeCounts(current)
  })
}
