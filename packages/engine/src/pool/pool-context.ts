import type { Context } from '../context.ts'
import type { Background } from '../time/background.ts'
import type { Claims } from './claims.ts'
import type { CustomValidators } from './validate-entry.ts'

/** What the parts of the pools share, beside what all parts of the engine do. */
export interface PoolContext extends Context {
  readonly validators: CustomValidators
  readonly claims: Claims
  /** What the pools do beside everything else; its end is not waited for longer than the budget of closing. */
  readonly background: Background
  /** What the pools look after for ever. */
  readonly loops: Background
}
