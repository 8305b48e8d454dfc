import {
  type Alongside,
  type Change,
  type ErrorCode,
  HearthError,
  type IdempotencyRecord,
  isHearthError,
  type NewEvent,
  type Table,
} from '@hearth/model'

/** How often a lost compare-and-swap is decided again before giving up; each loss means that someone else moved the row. */
const maxTries = 16

interface StateRow {
  readonly rev: number
  readonly state: string
}

export interface RowSetRules<Row extends StateRow> {
  /** What a row is called in messages. */
  readonly word: string
  readonly transitions: Readonly<Record<Row['state'], readonly Row['state'][]>>
  readonly missing: ErrorCode
  /** What is recorded with each change of state and each removal. */
  event(row: Omit<Row, 'rev'>, removed: boolean): NewEvent
  /** Told of them once they are committed. */
  announce(row: Row, removed: boolean): void
  /** Told when the store did not answer a change. */
  cutShort(): void
}

/** Rows of one kind: every change is a compare-and-swap and every new state is one that the transition table allows. */
export class RowSet<Row extends StateRow, Id extends string> {
  readonly #table: Table<Row, Id>
  readonly #rules: RowSetRules<Row>

  constructor(table: Table<Row, Id>, rules: RowSetRules<Row>) {
    this.#table = table
    this.#rules = rules
  }

  /** `idempotency` is begun in the same transaction. */
  async insert(row: Omit<Row, 'rev'>, idempotency?: Omit<IdempotencyRecord, 'rev'>): Promise<Row> {
    const alongside: Alongside = { event: this.#rules.event(row, false), ...(idempotency && { idempotency }) }
    const made = await this.#answered(this.#table.insert(row, alongside))
    this.#rules.announce(made, false)
    return made
  }

  /** As `insert`, for a row that comes in place of another: `commit` writes it together with what is handed to it. */
  async insertBy(
    row: Omit<Row, 'rev'>,
    idempotency: Omit<IdempotencyRecord, 'rev'> | undefined,
    commit: (row: Omit<Row, 'rev'>, alongside: Alongside) => Promise<Row>,
  ): Promise<Row> {
    const alongside: Alongside = { event: this.#rules.event(row, false), ...(idempotency && { idempotency }) }
    const made = await this.#answered(commit(row, alongside))
    this.#rules.announce(made, false)
    return made
  }

  list(): Promise<Row[]> {
    return this.#table.list()
  }

  find(id: Id): Promise<Row | undefined> {
    return this.#table.get(id)
  }

  /** @throws HearthError the row's `*_not_found` */
  async get(id: Id): Promise<Row> {
    const row = await this.#table.get(id)
    if (!row) throw this.missing(id)
    return row
  }

  missing(id: string): HearthError {
    return new HearthError(this.#rules.missing, `there is no ${this.#rules.word} ${JSON.stringify(id)}`)
  }

  /**
   * Changes a row as `decide` says; `undefined` leaves it. When somebody else moved the row meanwhile it is read and decided again.
   * `known` saves the first reading; `about` is added to the event's data. @throws whatever `decide` throws; `state_conflict` for a step that the table does not allow
   */
  async change(id: Id, decide: (row: Row) => Change<Row> | undefined, known?: Row, about?: NewEvent['data']): Promise<Row> {
    let row = known ?? (await this.get(id))
    for (let tries = 0; tries < maxTries; tries++) {
      const change = decide(row)
      if (!change) return row
      this.#check(id, row, change.state)
      try {
        const event = change.state === undefined ? undefined : this.#eventOf({ ...row, ...change }, about)
        const changed = await this.#answered(this.#table.update(id, row.rev, change, event && { event }))
        if (change.state !== undefined) this.#rules.announce(changed, false)
        return changed
      } catch (error) {
        if (!isHearthError(error, 'store_conflict')) throw error
      }
      row = await this.get(id)
    }
    throw new HearthError('store_conflict', `${this.#rules.word} ${id} was changed by others ${maxTries} times in a row`)
  }

  /** Removes a row; succeeds when there is none. */
  async remove(id: Id): Promise<void> {
    for (let tries = 0; tries < maxTries; tries++) {
      const row = await this.#table.get(id)
      if (!row) return
      try {
        await this.#answered(this.#table.delete(id, row.rev, { event: this.#rules.event(row, true) }))
        return this.#rules.announce(row, true)
      } catch (error) {
        if (!isHearthError(error, 'store_conflict')) throw error
      }
    }
    throw new HearthError('store_conflict', `${this.#rules.word} ${id} was changed by others ${maxTries} times in a row`)
  }

  async #answered<T>(commit: Promise<T>): Promise<T> {
    try {
      return await commit
    } catch (error) {
      if (isHearthError(error, 'store_unavailable')) this.#rules.cutShort()
      throw error
    }
  }

  #eventOf(row: Row, about: NewEvent['data'] = {}): NewEvent {
    const event = this.#rules.event(row, false)
    return { ...event, data: { ...event.data, ...about } }
  }

  #check(id: Id, row: Row, next: Row['state'] | undefined): void {
    if (next === undefined) return
    const from: Row['state'] = row.state
    if (this.#rules.transitions[from].includes(next)) return
    throw new HearthError('state_conflict', `${this.#rules.word} ${id} is ${from} and cannot become ${next}`)
  }
}
