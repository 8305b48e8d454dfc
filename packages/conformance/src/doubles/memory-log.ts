import type { AuditEntry, EventLog, EventQuery, NewEvent, PageQuery, StateStore, StoredEvent } from '@hearth/model'
import { pageOf } from './memory-table.ts'

/** Events in memory. */
export class MemoryEvents implements EventLog {
  #events: StoredEvent[] = []
  #seq = 0
  readonly #listeners = new Set<{ readonly call: () => void }>()

  get size(): number {
    return this.#events.length
  }

  async after(seq: number, { limit, namespaces }: EventQuery): Promise<StoredEvent[]> {
    const wanted = this.#events.filter((each) => each.seq > seq && belongs(each, namespaces))
    return structuredClone(wanted.slice(0, limit))
  }

  async latest(): Promise<number> {
    return this.#events.at(-1)?.seq ?? 0
  }

  async oldest(): Promise<number> {
    return this.#events[0]?.seq ?? 0
  }

  async append(event: NewEvent): Promise<void> {
    this.add(event)
  }

  /** As `append`, within the turn. */
  add(event: NewEvent): void {
    this.#seq += 1
    this.#events.push({ ...structuredClone(event), seq: this.#seq })
    for (const { call } of [...this.#listeners]) call()
  }

  async prune(at: number): Promise<number> {
    const before = this.#events.length
    const newest = this.#events.at(-1)
    this.#events = this.#events.filter((each) => each.at >= at || each === newest)
    return before - this.#events.length
  }

  watch(listener: () => void): () => void {
    const own = { call: listener }
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }
}

/** The audit log in memory. */
export class MemoryAudit {
  #entries: AuditEntry[] = []
  #seq = 0

  get size(): number {
    return this.#entries.length
  }

  table(): StateStore['audit'] {
    return {
      append: async (entries) => {
        for (const entry of entries) {
          this.#seq += 1
          this.#entries.push({ ...structuredClone(entry), seq: this.#seq })
        }
      },
      page: async (query: PageQuery) => pageOf(this.#entries.toReversed(), query, ({ seq }) => ({ at: seq, id: '' })),
      prune: async (at) => {
        const before = this.#entries.length
        this.#entries = this.#entries.filter((entry) => entry.at >= at)
        return before - this.#entries.length
      },
    }
  }
}

function belongs({ namespace }: NewEvent, namespaces: EventQuery['namespaces']): boolean {
  return namespaces === undefined || namespace === undefined || namespaces.includes(namespace)
}
