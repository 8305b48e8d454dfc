import type { Machine } from '../machine.ts'
import type { MachineId, Name, SnapshotId, TemplateRef } from '../names.ts'
import type { Snapshot } from '../snapshot.ts'
import type { Template } from '../template.ts'

/** What a row becomes; `rev` is counted by the store. */
export type Change<T> = Partial<Omit<T, 'rev'>>

/**
 * Rows of one kind. Every change is a compare-and-swap on (id, rev).
 * `insert` throws `store_conflict` when the id exists (`name_taken` for a machine's name among live machines).
 * `update` throws `store_conflict` when the row is not at `rev` any more, and resolves to the row as it is now.
 */
export interface Table<Row extends { readonly rev: number }, Id> {
  insert(row: Omit<Row, 'rev'>): Promise<Row>
  get(id: Id): Promise<Row | undefined>
  update(id: Id, rev: number, change: Change<Row>): Promise<Row>
  delete(id: Id, rev: number): Promise<void>
  list(): Promise<Row[]>
}

/** Secrets of a machine, kept apart from its row so that no list, log or manifest can show them. */
export interface MachineSecrets {
  readonly token: string
  readonly secrets: Readonly<Record<string, string>>
}

export interface StateStore {
  readonly templates: Table<Template, TemplateRef> & {
    /** All versions of `name`, newest first. */
    versions(name: Name): Promise<Template[]>
  }
  readonly machines: Table<Machine, MachineId> & {
    /** The live machine (starting, running, paused, stopping) of that name. */
    byName(name: Name): Promise<Machine | undefined>
    putSecrets(id: MachineId, secrets: MachineSecrets): Promise<void>
    getSecrets(id: MachineId): Promise<MachineSecrets | undefined>
    deleteSecrets(id: MachineId): Promise<void>
  }
  readonly snapshots: Table<Snapshot, SnapshotId> & {
    byTemplate(template: TemplateRef): Promise<Snapshot[]>
  }
  close(): Promise<void>
}
