import type { CloneFacts } from './clone.ts'
import type { Proof } from './proofs.ts'

/** What the demo found; `--json FILE` writes it. Times are those that a caller waits. */
export interface DemoResult {
  readonly template: string
  readonly coldMs: number
  readonly restoreMs: readonly number[]
  readonly forkMs: readonly number[]
  /** How long the source of the clones stood still. */
  readonly pauseMs: number
  readonly anonMiB: readonly number[]
  readonly clones: readonly CloneFacts[]
  readonly proofs: readonly Proof[]
}
