import { randomBytes } from 'node:crypto'
import { memoryStore } from '@hearth/conformance'
import { silentLog, systemClock } from '@hearth/model'
import type { HttpParts } from '../../http/http-parts.ts'
import { idleParts } from '../../http/testing/idle-parts.ts'
import { type Auth, type AuthParts, createAuth } from '../auth.ts'

/** Everything of `Auth` over a store in memory. */
export function testAuth(change: Partial<AuthParts> = {}): Auth {
  return createAuth({
    store: memoryStore(),
    clock: systemClock,
    log: silentLog,
    random: (size) => randomBytes(size),
    requestsPerMinute: 60_000,
    auditDays: 90,
    ...change,
  })
}

/** The parts of an API that asks nobody for a key, as on the unix socket. */
export function ownerParts(
  auth: Auth = testAuth(),
): Pick<HttpParts, 'auth' | 'everyoneIsOwner' | 'corsOrigins' | 'openMetrics'> & ReturnType<typeof idleParts> {
  return { auth, everyoneIsOwner: true, corsOrigins: [], openMetrics: false, ...idleParts() }
}
