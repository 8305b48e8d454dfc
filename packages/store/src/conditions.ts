import { invalidInput, liveMachineStates, type MachineFilter, type SnapshotFilter } from '@hearth/model'
import { type RawBuilder, sql } from 'kysely'
import { labelLines, type SqlValue } from './columns.ts'
import type { Database } from './database.ts'

export type Condition = RawBuilder<boolean>

/**
 * Written out, not as a parameter: an index over those that live serves only a query in which it can read the same words.
 */
export const liveOnly: Condition = sql`live = 1`

/** The column holds that very value. @throws HearthError `invalid_input` when no row can */
export function is(column: string, value: SqlValue): Condition {
  if (typeof value === 'string' && value.includes('\0')) throw invalidInput(column, value, 'it may hold no NUL character')
  return sql`${sql.ref(column)} = ${value}`
}

/** What `filter` asks of machines. */
export function machineConditions(database: Database, filter: MachineFilter): Condition[] {
  const { namespace, host, states, name, template, driver, restoredFrom, labels } = filter
  return [
    ...same({ namespace, host, name, driver, restored_from: restoredFrom }),
    ...(states ? [oneOf('state', states)] : []),
    ...(states?.every((state) => liveMachineStates.some((live) => live === state)) ? [liveOnly] : []),
    ...ofTemplate(template),
    ...labelled(database, labels),
  ]
}

/** What `filter` asks of snapshots. */
export function snapshotConditions(database: Database, filter: SnapshotFilter): Condition[] {
  const { namespace, host, kinds, states, source, parent, template, tag, pinned, labels } = filter
  return [
    ...same({ namespace, host, source, parent, tag }),
    ...(kinds ? [oneOf('kind', kinds)] : []),
    ...(states ? [oneOf('state', states)] : []),
    ...(pinned === undefined ? [] : [is('pinned', pinned ? 1 : 0)]),
    ...ofTemplate(template),
    ...labelled(database, labels),
    ...(filter.createdAfter === undefined ? [] : [sql<boolean>`created_at > ${filter.createdAfter}`]),
    ...(filter.createdBefore === undefined ? [] : [sql<boolean>`created_at < ${filter.createdBefore}`]),
  ]
}

function same(wanted: Readonly<Record<string, string | undefined>>): Condition[] {
  return Object.entries(wanted).flatMap(([column, value]) => (value === undefined ? [] : [is(column, value)]))
}

function oneOf(column: string, values: readonly string[]): Condition {
  const [only, ...others] = values
  if (only === undefined) return sql`1 = 0`
  return others.length === 0 ? is(column, only) : sql`${sql.ref(column)} in (${sql.join(values)})`
}

function ofTemplate(template: string | undefined): Condition[] {
  if (template === undefined) return []
  return [is(template.includes('@') ? 'template' : 'template_name', template)]
}

function labelled(database: Database, labels: Readonly<Record<string, string>> | undefined): Condition[] {
  return Object.entries(labels ?? {}).map(
    ([key, value]) => sql<boolean>`${sql.raw(database.position)}(labels, ${labelLines({ [key]: value })}) > 0`,
  )
}
