import { HearthError } from '@hearth/model'
import type { FastifyReply } from 'fastify'

/** The requests under way: each has a signal that is aborted when its client goes away or the server ends. */
export class OpenRequests {
  readonly #open = new Set<AbortController>()

  /** Aborted with `cancelled`; what was begun for the request is to be undone. */
  signalOf(reply: FastifyReply): AbortSignal {
    const controller = new AbortController()
    this.#open.add(controller)
    reply.raw.once('close', () => {
      this.#open.delete(controller)
      if (!reply.raw.writableFinished) controller.abort(new HearthError('cancelled', 'the client went away'))
    })
    return controller.signal
  }

  /** Ends everything that is still under way. */
  abortAll(): void {
    for (const controller of this.#open) controller.abort(new HearthError('cancelled', 'the server is stopping'))
  }
}
