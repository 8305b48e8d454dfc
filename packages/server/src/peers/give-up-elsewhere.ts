import { json } from 'node:stream/consumers'
import { type Log, messageOf } from '@hearth/model'
import { givenUpSchema } from '@hearth/protocol'
import type { FastifyRequest } from 'fastify'
import type * as z from 'zod'
import { askPeer } from './ask-peer.ts'
import { headersFor } from './pass-on.ts'
import type { Peers } from './peers.ts'

type GivenUp = z.output<typeof givenUpSchema>

/** Has the request undone by whichever server it was passed on to; what was done there all the same, if anything. */
export async function giveUpElsewhere(
  { peers, log }: { readonly peers: Peers; readonly log: Log },
  request: FastifyRequest,
  signal: AbortSignal,
): Promise<GivenUp | undefined> {
  const answers = await Promise.all(
    peers.others.map(async (entry) => {
      const passage = { method: request.method, url: request.raw.url ?? '', to: entry.host, secret: entry.secret }
      try {
        const { method, url } = passage
        const asked = { method, url, headers: headersFor(peers, request, passage), signal }
        const { response } = await askPeer(entry, peers.self.computer, asked, (outgoing) => outgoing.end())
        return givenUpSchema.parse(await json(response))
      } catch (error) {
        // One that cannot be asked does nothing for the caller either, or undoes it when it starts again.
        log.warn('peers.give_up_failed', { host: entry.host, error: messageOf(error) })
        return undefined
      }
    }),
  )
  return answers.find((each) => each?.done)
}
