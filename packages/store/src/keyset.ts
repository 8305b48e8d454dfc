import { invalidInput, type Page, type PageQuery } from '@hearth/model'

const longestPage = 1000

/** Where a page ended: the order's values in its last row. A page that begins behind them misses and repeats nothing. */
export interface Place {
  readonly at: number
  readonly id: string
}

/** @throws HearthError `invalid_input` when the limit is none */
export function checkLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= longestPage) return limit
  throw invalidInput('limit', limit, `a whole number from 1 to ${longestPage}`)
}

/** @throws HearthError `invalid_input` when no page of ours gave that cursor */
export function placeOf(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined
  const [, at, id] = /^([0-9]{1,15})\.([a-zA-Z0-9@._-]{0,128})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? []
  if (at === undefined || id === undefined) throw invalidInput('cursor', cursor, 'give back "next" of the page before as it came')
  return { at: Number(at), id }
}

/** A page of `rows`, of which one more than `limit` was asked for. */
export function pageOf<Row>(rows: readonly Row[], { limit }: PageQuery, place: (row: Row) => Place): Page<Row> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  if (rows.length <= limit || last === undefined) return { items }
  const { at, id } = place(last)
  return { items, next: Buffer.from(`${at}.${id}`, 'latin1').toString('base64url') }
}
