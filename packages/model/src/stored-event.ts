import type { Name } from './names.ts'

export const eventKinds = ['machine', 'snapshot', 'template', 'namespace', 'pool', 'cleaner'] as const
export type EventKind = (typeof eventKinds)[number]

/** Something that happened, as the one who changed the row tells it; kept in the same transaction as the change. */
export interface NewEvent {
  readonly at: number
  readonly kind: EventKind
  /** The row's id (a template's ref, a namespace's or pool's name). */
  readonly id: string
  readonly namespace?: Name
  /** The new state. */
  readonly state: string
  /** Its row is gone. */
  readonly removed: boolean
  /** Further facts for people and programs: name, template, failure, boot method. Never a secret. */
  readonly data: Readonly<Record<string, unknown>>
}

/** An event with its place in the order in which changes were committed; numbers never repeat, and gaps mean nothing. */
export interface StoredEvent extends NewEvent {
  readonly seq: number
}
