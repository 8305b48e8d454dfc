import {
  type Clock,
  type Machine,
  type MachineId,
  machineTransitions,
  type Snapshot,
  type SnapshotId,
  type StateStore,
  snapshotTransitions,
  type Template,
  type TemplateRef,
  templateTransitions,
} from '@hearth/model'
import type { EventHub } from '../events/event-hub.ts'
import type { Outages } from './outages.ts'
import { machineEvent, snapshotEvent, templateEvent } from './row-events.ts'
import { RowSet } from './row-set.ts'

/** All rows of the store, behind their transition tables; changes of state become events. */
export interface Rows {
  readonly machines: RowSet<Machine, MachineId>
  readonly snapshots: RowSet<Snapshot, SnapshotId>
  readonly templates: RowSet<Template, TemplateRef>
}

export function openRows(store: StateStore, events: EventHub, clock: Clock, outages: Outages): Rows {
  const cutShort = () => outages.note()
  return {
    machines: new RowSet(store.machines, {
      word: 'machine',
      transitions: machineTransitions,
      missing: 'machine_not_found',
      event: (row, removed) => machineEvent(row, removed, clock.now()),
      announce: (row, removed) => events.emit({ kind: 'machine', row, removed, at: clock.now() }),
      cutShort,
    }),
    snapshots: new RowSet(store.snapshots, {
      word: 'snapshot',
      transitions: snapshotTransitions,
      missing: 'snapshot_not_found',
      event: (row, removed) => snapshotEvent(row, removed, clock.now()),
      announce: (row, removed) => events.emit({ kind: 'snapshot', row, removed, at: clock.now() }),
      cutShort,
    }),
    templates: new RowSet(store.templates, {
      word: 'template',
      transitions: templateTransitions,
      missing: 'template_not_found',
      event: (row, removed) => templateEvent(row, removed, clock.now()),
      announce: (row, removed) => events.emit({ kind: 'template', row, removed, at: clock.now() }),
      cutShort,
    }),
  }
}
