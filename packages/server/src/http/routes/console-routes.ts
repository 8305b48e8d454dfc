import { Readable } from 'node:stream'
import { type Clock, isHearthError } from '@hearth/model'
import { logsQuerySchema } from '@hearth/protocol'
import { needs } from '../../auth/needs.ts'
import { consoleGrowth } from '../console-growth.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { engineOf, type Mount } from '../mount.ts'
import { machineShape } from './params.ts'

/** How often a followed console is looked at; drivers tell of no new output. */
const followEveryMs = 250
/** How much of it is looked at each time. */
const followWindowBytes = 65_536

/** The console of a machine. */
export function consoleRoutes(app: App, { engine, open, clock }: RouteParts, { prefix, operation, params }: Mount): void {
  app.get(
    `${prefix}/machines/:machine/logs`,
    {
      config: needs('read'),
      schema: {
        operationId: operation('getLogs'),
        tags: ['machines'],
        summary: 'The end of its console, as text; with follow=1 also what comes, until it ends',
        params: params(machineShape),
        querystring: logsQuerySchema,
      },
    },
    async ({ params, query }, reply) => {
      reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store')
      const { machines } = engineOf(engine, params)
      const { id } = await machines.get(params.machine)
      const read = (maxBytes: number) => machines.consoleLog(id, maxBytes)
      const tail = await read(query.maxBytes)
      if (!query.follow) return reply.send(Buffer.from(tail))
      const followed = follow(tail, () => read(followWindowBytes), clock, open.signalOf(reply))
      return reply.send(Readable.from(followed, { objectMode: false }))
    },
  )
}

async function* follow(
  begin: Uint8Array,
  read: () => Promise<Uint8Array>,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield begin
  let seen = begin.subarray(-followWindowBytes)
  while (!signal.aborted) {
    await clock.sleep(followEveryMs, signal)
    let now: Uint8Array
    try {
      now = await read()
    } catch (error) {
      if (isHearthError(error, 'machine_not_running', 'machine_not_found')) return
      throw error
    }
    const news = consoleGrowth(seen, now)
    if (news.length > 0) yield news
    seen = now
  }
}
