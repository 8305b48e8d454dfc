import type { OnceOptions } from '../idempotency/once.ts'
import type { LaunchWish } from './check-launch.ts'

/** A wish that may have to be fulfilled once only. */
export interface LaunchOrder extends LaunchWish, Pick<OnceOptions, 'idempotency'> {}
