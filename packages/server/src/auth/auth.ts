import type { Clock, Log, RandomBytes, StateStore } from '@hearth/model'
import { AuditTrail } from './audit-trail.ts'
import { KeyRing } from './key-ring.ts'
import { Keys } from './keys.ts'
import { LastUsed } from './last-used.ts'
import { RequestLimits } from './limits.ts'
import { OpenByKey } from './open-by-key.ts'
import { Tickets } from './tickets.ts'

export interface AuthParts {
  readonly store: Pick<StateStore, 'keys' | 'audit' | 'namespaces'>
  readonly clock: Clock
  readonly log: Log
  readonly random: RandomBytes
  /** For keys that have no number of their own; 0: no limit. */
  readonly requestsPerMinute: number
  /** How long the audit log is kept. */
  readonly auditDays: number
}

/** Who may ask what: one for all addresses on which a server answers. */
export interface Auth {
  readonly keys: Keys
  readonly ring: KeyRing
  readonly limits: RequestLimits
  readonly tickets: Tickets
  readonly lastUsed: LastUsed
  readonly audit: AuditTrail
  readonly open: OpenByKey
  /** Pages of the audit log, newest first, with all that was noted before. */
  readonly auditPage: StateStore['audit']['page']
  /** Writes what waits. */
  close(): Promise<void>
}

/** The parts of `Auth`, over one store. */
export function createAuth({ store, clock, log, random, requestsPerMinute, auditDays }: AuthParts): Auth {
  const ring = new KeyRing(store.keys, clock)
  const lastUsed = new LastUsed(store.keys, clock, log)
  const open = new OpenByKey(ring, clock, log)
  const audit = new AuditTrail(store.audit, clock, log, auditDays)
  return {
    keys: new Keys({ store, ring, clock, random }),
    ring,
    limits: new RequestLimits(clock, requestsPerMinute),
    tickets: new Tickets(clock, random),
    lastUsed,
    audit,
    open,
    auditPage: async (query) => {
      await audit.flush()
      return store.audit.page(query)
    },
    close: async () => {
      await open.close()
      await lastUsed.close()
      await audit.close()
    },
  }
}
