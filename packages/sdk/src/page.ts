/**
 * A part of a list.
 *
 * ```ts
 * const { items, next }: Page<Machine> = await hearth.machines.list({ limit: 10 }).page()
 * const more = next === undefined ? [] : (await hearth.machines.list({ limit: 10 }).page(next)).items
 * ```
 */
export interface Page<Item> {
  readonly items: readonly Item[]
  /** Where the next page begins; absent on the last. */
  readonly next?: string
}

/**
 * A list that is asked for as it is read: item by item, page by page, or whole.
 *
 * ```ts
 * const running: Listing<Machine> = hearth.machines.list({ state: 'running' })
 * for await (const machine of running) console.log(machine.id)
 * const all = await running.toArray()
 * ```
 */
export class Listing<Item> implements AsyncIterable<Item> {
  readonly #ask: (cursor: string | undefined) => Promise<Page<Item>>

  constructor(ask: (cursor: string | undefined) => Promise<Page<Item>>) {
    this.#ask = ask
  }

  /** One page: the first, or the one that begins at `cursor`, the `next` of the page before. */
  page(cursor?: string): Promise<Page<Item>> {
    return this.#ask(cursor)
  }

  /** Every page; the next is asked for when it is wanted. */
  async *pages(): AsyncGenerator<Page<Item>, void, undefined> {
    let cursor: string | undefined
    do {
      const page = await this.#ask(cursor)
      yield page
      cursor = page.next
    } while (cursor !== undefined)
  }

  /** Every item. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const { items } of this.pages()) yield* items
  }

  /** All items, at most `max`. */
  async toArray(max = Number.POSITIVE_INFINITY): Promise<Item[]> {
    const items: Item[] = []
    if (max <= 0) return items
    for await (const item of this) {
      items.push(item)
      if (items.length >= max) break
    }
    return items
  }
}

/** A list whose items are made of the server's. */
export function listing<Resource, Item>(
  ask: (cursor: string | undefined) => Promise<Page<Resource>>,
  make: (resource: Resource) => Item,
): Listing<Item> {
  return new Listing(async (cursor) => {
    const { items, next } = await ask(cursor)
    return { items: items.map(make), ...(next === undefined ? {} : { next }) }
  })
}
