import { type Alongside, type Change, HearthError, invalidInput, type Page, type PageQuery, type Table } from '@hearth/model'

/** What is done together with a change: `check` may refuse it, `done` must not fail. */
export interface Companions {
  check(alongside: Alongside): void
  done(alongside: Alongside): void
}

/** Refuses a row that does not go with the others. */
export type Guard<Row> = (row: Row, others: readonly Row[]) => void

/** Rows in memory, each change a compare-and-swap. */
export class MemoryTable<Row extends { readonly rev: number; readonly createdAt: number }, Id extends string>
  implements Table<Row, Id>
{
  readonly #rows = new Map<Id, Row>()
  readonly #attached = new Map<Id, unknown>()
  readonly #name: string
  readonly #idOf: (row: Omit<Row, 'rev'>) => Id
  readonly #companions: Companions
  readonly #guard: Guard<Row>

  constructor(name: string, idOf: (row: Omit<Row, 'rev'>) => Id, companions: Companions, guard: Guard<Row> = () => undefined) {
    this.#name = name
    this.#idOf = idOf
    this.#companions = companions
    this.#guard = guard
  }

  get size(): number {
    return this.#rows.size
  }

  async insert(row: Omit<Row, 'rev'>, alongside: Alongside = {}): Promise<Row> {
    this.#companions.check(alongside)
    const id = this.#idOf(row)
    if (this.#rows.has(id)) throw conflict(this.#name, id, 'exists already')
    return this.#put(id, { ...row, rev: 1 } as Row, alongside)
  }

  async get(id: Id): Promise<Row | undefined> {
    return structuredClone(this.#rows.get(id))
  }

  async update(id: Id, rev: number, change: Change<Row>, alongside: Alongside = {}): Promise<Row> {
    this.#companions.check(alongside)
    return this.#put(id, { ...this.#at(id, rev), ...change, rev: rev + 1 }, alongside)
  }

  async delete(id: Id, rev: number, alongside: Alongside = {}): Promise<void> {
    this.#companions.check(alongside)
    this.#at(id, rev)
    this.forget(id)
    this.#companions.done(alongside)
  }

  async list(): Promise<Row[]> {
    return this.rowsWhere(() => true)
  }

  has(id: Id): boolean {
    return this.#rows.has(id)
  }

  /** Copies of the rows that fit, oldest first. */
  rowsWhere(fits: (row: Row) => boolean): Row[] {
    const found = [...this.#rows].filter(([, row]) => fits(row))
    found.sort(([a, left], [b, right]) => left.createdAt - right.createdAt || (a < b ? -1 : 1))
    return found.map(([, row]) => structuredClone(row))
  }

  /** A part of the rows that fit, newest first. */
  pageWhere(fits: (row: Row) => boolean, query: PageQuery): Page<Row> {
    const newestFirst = this.rowsWhere(fits).reverse()
    return pageOf(newestFirst, query, (row) => ({ at: row.createdAt, id: this.#idOf(row) }))
  }

  /** Forgets the rows that fit; gives how many. */
  forgetWhere(fits: (row: Row) => boolean): number {
    const over = [...this.#rows].filter(([, row]) => fits(row))
    for (const [id] of over) this.forget(id)
    return over.length
  }

  forget(id: Id): void {
    this.#rows.delete(id)
    this.detach(id)
  }

  attach(id: Id, value: unknown): void {
    if (!this.#rows.has(id)) throw new HearthError('machine_not_found', `there is no row ${id}`)
    this.#attached.set(id, structuredClone(value))
  }

  attached(id: Id): unknown {
    return structuredClone(this.#attached.get(id))
  }

  detach(id: Id): void {
    this.#attached.delete(id)
  }

  #at(id: Id, rev: number): Row {
    const row = this.#rows.get(id)
    if (row?.rev !== rev) throw conflict(this.#name, id, `is at revision ${row?.rev ?? 'none'}, not ${rev}`)
    return row
  }

  #put(id: Id, row: Row, alongside: Alongside): Row {
    const others = [...this.#rows].filter(([other]) => other !== id).map(([, other]) => other)
    this.#guard(row, others)
    const kept = structuredClone(row)
    for (const [field, value] of Object.entries(kept)) if (value === undefined) Reflect.deleteProperty(kept, field)
    this.#rows.set(id, kept)
    this.#companions.done(alongside)
    return structuredClone(kept)
  }
}

/** Refuses a change in words that name the table. */
export function conflict(table: string, id: string, why: string): HearthError {
  return new HearthError('store_conflict', `${table} ${id} ${why}`, { details: { table, id } })
}

interface Place {
  readonly at: number
  readonly id: string
}

/** The part of `rows` (newest first) behind the cursor. */
export function pageOf<Row>(rows: readonly Row[], { limit, cursor }: PageQuery, place: (row: Row) => Place): Page<Row> {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw invalidInput('limit', limit, 'a whole number from 1 to 1000')
  const behind = cursor === undefined ? undefined : readCursor(cursor)
  const rest = rows.filter((row) => behind === undefined || isBehind(place(row), behind))
  const items = rest.slice(0, limit)
  const last = items.at(-1)
  if (rest.length <= limit || last === undefined) return { items }
  const { at, id } = place(last)
  return { items, next: Buffer.from(`${at}.${id}`).toString('base64url') }
}

function readCursor(cursor: string): Place {
  const [, at, id] = /^([0-9]+)\.([a-z0-9@._-]*)$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? []
  if (at === undefined || id === undefined) throw invalidInput('cursor', cursor, 'give back "next" of the page before')
  return { at: Number(at), id }
}

function isBehind(place: Place, mark: Place): boolean {
  return place.at < mark.at || (place.at === mark.at && place.id < mark.id)
}
