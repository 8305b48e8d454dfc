import type { Duplex } from 'node:stream'

/** What a snapshot keeps of a guest; both parts can be serialised. */
export interface GuestState {
  readonly memory: unknown
  readonly disk: unknown
}

/** The inside of a machine, as the memory driver needs it. */
export interface MemoryGuest {
  /** Serves the agent's protocol on `stream` until it ends. */
  serve(stream: Duplex): void
  /** Everything as it is now; changing the guest later does not change it. */
  capture(): GuestState
  /** What it has written to its console so far. */
  console(): string
  /** Its processes end and its timers stop; nothing is said any more. */
  end(): void
}

/** Makes a guest: fresh, or going on from `state`. `ended` is called when it powers itself off. */
export type NewGuest = (options: { readonly state?: GuestState; readonly ended: (how: string) => void }) => MemoryGuest
