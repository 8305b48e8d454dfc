import type { IdempotencyRecord } from '../idempotency.ts'
import type { NewEvent } from '../stored-event.ts'

/** What a row becomes; `rev` is counted by the store. A field that is present and `undefined` is cleared. */
export type Change<T> = Partial<Omit<T, 'rev'>>

/** What is committed together with a change, or not at all. */
export interface Alongside {
  readonly event?: NewEvent
  /** Begins this record; `store_conflict` (details: `table: 'idempotency'`) when its id exists, and the change is not made. */
  readonly idempotency?: Omit<IdempotencyRecord, 'rev'>
}

/**
 * Rows of one kind. Every change is a compare-and-swap on (id, rev).
 * `insert` throws `store_conflict` when the id exists (`name_taken` for a machine's name among live machines of its namespace).
 * `update` throws `store_conflict` when the row is not at `rev` any more, and resolves to the row as it is now.
 */
export interface Table<Row extends { readonly rev: number }, Id> {
  insert(row: Omit<Row, 'rev'>, alongside?: Alongside): Promise<Row>
  get(id: Id): Promise<Row | undefined>
  update(id: Id, rev: number, change: Change<Row>, alongside?: Alongside): Promise<Row>
  delete(id: Id, rev: number, alongside?: Alongside): Promise<void>
  /** All of them, oldest first. Never on the way of a launch: there may be many. */
  list(): Promise<Row[]>
}

/** Secrets of a machine, kept apart from its row so that no list, log or manifest can show them. */
export interface MachineSecrets {
  readonly token: string
  readonly secrets: Readonly<Record<string, string>>
}
