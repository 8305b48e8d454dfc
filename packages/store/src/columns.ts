import { invalidInput } from '@hearth/model'

/** What both databases keep alike: text and whole numbers. JSON is text, times are milliseconds since the epoch. */
export type SqlValue = string | number | null

/** A row as the database gives it. */
export type Stored = Readonly<Record<string, SqlValue>>

/** How one field of a row is kept. */
export interface Column<T> {
  readonly column: string
  write(value: T): SqlValue
  read(value: SqlValue): T
}

/** A column for every field, so that a new field in the model does not compile until it has its place. */
export type Columns<Row> = { readonly [Field in keyof Row]-?: Column<Row[Field]> }

/** Text, such as an id or a state. @throws HearthError `invalid_input` when it holds a NUL, which PostgreSQL cannot keep */
export function text<T extends string>(column: string): Column<T> {
  return { column, write: (value) => withoutNul(column, value), read: (value) => value as T }
}

/** A whole number. */
export function integer(column: string): Column<number> {
  return { column, write: (value) => value, read: (value) => Number(value) }
}

/** Yes or no, as 1 or 0. */
export function flag(column: string): Column<boolean> {
  return { column, write: (value) => (value ? 1 : 0), read: (value) => value !== 0 }
}

/** Anything JSON can hold. */
export function json<T>(column: string): Column<T> {
  return { column, write: (value) => JSON.stringify(value), read: (value) => JSON.parse(String(value)) as T }
}

/** Labels, each on a line of its own as a JSON pair: one label is looked for as text, the same way in every database. */
export function labels(column: string): Column<Readonly<Record<string, string>>> {
  return {
    column,
    write: labelLines,
    read: (value) => Object.fromEntries(lines(value).map((line) => JSON.parse(line) as [string, string])),
  }
}

/** Line breaks around every pair; inside of one JSON has none. */
export function labelLines(pairs: Readonly<Record<string, string>>): string {
  const all = Object.entries(pairs)
  return all.length === 0 ? '' : `\n${all.map((pair) => JSON.stringify(pair)).join('\n')}\n`
}

/** A column that may be empty: NULL is `undefined`. */
export function optional<T>(inner: Column<T>): Column<T | undefined> {
  return {
    column: inner.column,
    write: (value) => (value === undefined ? null : inner.write(value)),
    read: (value) => (value === null ? undefined : inner.read(value)),
  }
}

/** The stored form of the given fields; a field that is present and `undefined` becomes NULL. */
export function writeFields<Row>(columns: Columns<Row>, fields: Partial<Row>): Record<string, SqlValue> {
  const stored: Record<string, SqlValue> = {}
  for (const field of Object.keys(fields) as (keyof Row)[]) {
    const column = columns[field]
    if (column === undefined) throw new TypeError(`a row has no field ${String(field)}`)
    stored[column.column] = column.write(fields[field] as Row[keyof Row])
  }
  return stored
}

/** The row as the model knows it; what is NULL is absent. */
export function readRow<Row>(columns: Columns<Row>, stored: Stored): Row {
  const row: Partial<Row> = {}
  for (const field of Object.keys(columns) as (keyof Row)[]) {
    const column = columns[field]
    const value = column.read(stored[column.column] ?? null)
    if (value !== undefined) row[field] = value
  }
  return row as Row
}

function withoutNul(column: string, value: string): string {
  if (value.includes('\0')) throw invalidInput(column, value, 'it may hold no NUL character')
  return value
}

function lines(value: SqlValue): string[] {
  return String(value ?? '')
    .split('\n')
    .filter((line) => line !== '')
}
