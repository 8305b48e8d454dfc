import type { Log, Machine, Snapshot, Template } from '@hearth/model'
import { messageOf } from '@hearth/model'

/** Something changed state; `removed` when its row is gone, with the row as it was. */
export type EngineEvent = { readonly at: number; readonly removed: boolean } & (
  | { readonly kind: 'machine'; readonly row: Machine }
  | { readonly kind: 'snapshot'; readonly row: Snapshot }
  | { readonly kind: 'template'; readonly row: Template }
)

export type EngineListener = (event: EngineEvent) => void

export interface EngineEvents {
  /** Calls `listener` after each change of state, in order. Returns the way to stop listening. */
  subscribe(listener: EngineListener): () => void
}

/** Hands events to whoever listens now; a listener that throws harms nobody else. */
export class EventHub implements EngineEvents {
  readonly #listeners = new Set<EngineListener>()
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  subscribe(listener: EngineListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  emit(event: EngineEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#log.error('events.listener_failed', { kind: event.kind, error: messageOf(error) })
      }
    }
  }
}
