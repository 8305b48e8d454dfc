import type { HearthError } from '@hearth/model'
import type { Asking } from './call.ts'
import type { Deadlines } from './deadlines.ts'
import type { Wire, WireStream } from './wire.ts'

/** A stream that goes on in the next session. */
export interface Resumable {
  /** Where it is in the current session; undefined while it waits for one. */
  readonly stream: WireStream | undefined
  /** Takes up the stream on a new session's wire; failures end this stream only. */
  resume(wire: Wire): void
  /** There will be no next session. */
  fail(error: HearthError): void
  /** Ends this side's interest, as far as the guest can still be told. */
  close(): void
}

/** Where resumable streams live while sessions come and go. */
export interface StreamHome {
  readonly deadlines: Deadlines
  add(stream: Resumable): void
  remove(stream: Resumable): void
  /** Asks in the current session, or in the next one while there is none. */
  ask<Q extends object, A extends object, T>(asking: Asking<Q, A, T>): Promise<T>
}
