import type { Page } from '@hearth/model'

/** A part of a list as the API shows it. */
export function pageView<Row, View>({ items, next }: Page<Row>, view: (row: Row) => View): { items: View[]; next?: string } {
  return { items: items.map(view), ...(next !== undefined && { next }) }
}
