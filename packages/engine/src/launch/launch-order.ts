import type { NewRecord } from '../rows/new-record.ts'
import type { LaunchWish } from './check-launch.ts'

/** A wish that may have to be fulfilled once only. */
export interface LaunchOrder extends LaunchWish {
  readonly idempotency?: NewRecord
}
