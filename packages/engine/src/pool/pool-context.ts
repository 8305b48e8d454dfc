import type { Context } from '../context.ts'
import type { Claims } from './claims.ts'
import type { CustomValidators } from './validate-entry.ts'

/** What the parts of the pools share, beside what all parts of the engine do. */
export interface PoolContext extends Context {
  readonly validators: CustomValidators
  readonly claims: Claims
}
