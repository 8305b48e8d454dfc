import type { EventEmitter } from 'node:events'

/**
 * An `error` event that nobody listens to ends the whole process. Streams to a guest fail whenever the guest wants, and whoever reads
 * them (pipeline, for await) or waits for their result is told all the same.
 */
export function surviveErrors(stream: EventEmitter): void {
  stream.on('error', () => undefined)
}

/** A rejection that nobody awaits ends the whole process; whoever does await this promise is told all the same. */
export function surviveRejection(promise: Promise<unknown>): void {
  promise.catch(() => undefined)
}
