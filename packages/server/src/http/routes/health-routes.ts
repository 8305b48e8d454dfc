import { HearthError, messageOf } from '@hearth/model'
import { readinessSchema } from '@hearth/protocol'
import * as z from 'zod'
import { needsNoKey } from '../../auth/needs.ts'
import type { App, RouteParts } from '../http-parts.ts'

/** How long a part of the server may take to say that it works, in milliseconds. */
const checkMs = 5000

type Check = { name: string; ok: boolean; detail?: string }

/** What watches the server asks: whether the process is up, and whether it can serve. */
export function healthRoutes(app: App, { drivers, store, everyoneIsOwner }: RouteParts): void {
  app.get(
    '/healthz',
    {
      config: needsNoKey,
      schema: {
        operationId: 'getHealth',
        tags: ['system'],
        summary: 'Whether the server answers',
        response: { 200: z.object({ ok: z.literal(true) }) },
      },
    },
    async () => ({ ok: true as const }),
  )

  app.get(
    '/readyz',
    {
      config: needsNoKey,
      schema: {
        operationId: 'getReadiness',
        tags: ['system'],
        summary: 'Whether it can serve: its database answers and a driver is usable; 503 when not',
        response: { 200: readinessSchema, 503: readinessSchema },
      },
    },
    async (_request, reply) => {
      const database = checked('database', async () => store.ping())
      const each = drivers.map((driver) =>
        checked(`driver ${driver.name}`, async () => {
          const { usable, problems } = await driver.probe()
          if (!usable)
            throw new HearthError('driver_unavailable', problems.map(({ problem }) => problem).join('; ') || 'not usable')
        }),
      )
      const [stored, ...driven] = await Promise.all([database, ...each])
      const ready = stored.ok && driven.some(({ ok }) => ok)
      if (!ready) reply.header('retry-after', 1)
      const checks = [stored, ...driven].map(({ name, ok, detail }) => ({
        name,
        ok,
        // Why, only the owner is told: anyone may ask on TCP.
        ...(everyoneIsOwner && detail !== undefined && { detail }),
      }))
      return reply.code(ready ? 200 : 503).send({ ready, checks })
    },
  )
}

async function checked(name: string, check: () => Promise<void>): Promise<Check> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new HearthError('driver_timeout', `no answer within ${checkMs / 1000} s`)), checkMs)
  })
  try {
    await Promise.race([check(), late])
    return { name, ok: true }
  } catch (error) {
    return { name, ok: false, detail: messageOf(error) }
  } finally {
    clearTimeout(timer)
  }
}
