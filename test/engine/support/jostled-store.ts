import type { RandomBytes, StateStore, Table } from '@hearth/model'

/** A store in which somebody else now and then changes a row just before the one who meant to: that compare-and-swap is lost. */
export function jostledStore(store: StateStore, random: RandomBytes): StateStore {
  jostle(store.machines, random)
  jostle(store.snapshots, random)
  jostle(store.templates, random)
  return store
}

function jostle<Row extends { readonly rev: number }, Id>(table: Table<Row, Id>, random: RandomBytes): void {
  const update = table.update.bind(table)
  table.update = async (id, rev, change) => {
    if ((random(1)[0] ?? 0) < 50) await update(id, rev, {})
    return update(id, rev, change)
  }
}
