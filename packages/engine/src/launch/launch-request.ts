import type { Egress, InjectedFile, Resources } from '@hearth/model'

/** `auto`: warm, restored, cold, the first that can be had, with the reasons. */
export type BootChoice = 'auto' | 'warm' | 'restored' | 'cold'

/** What every launch may be given; none of it costs the fast path. */
export interface LaunchOptions {
  readonly name?: string
  /** RFC 1123, at most 63 characters; the machine's name or id when absent. */
  readonly hostname?: string
  readonly env?: Readonly<Record<string, string>>
  /** As `env`, but never shown, logged, or kept in a snapshot. */
  readonly secrets?: Readonly<Record<string, string>>
  readonly files?: readonly InjectedFile[]
  readonly labels?: Readonly<Record<string, string>>
  /** The template's when absent. */
  readonly egress?: Egress
  /** How long it may live once it runs; for ever when absent. `extend` moves it. */
  readonly timeoutMs?: number
  /** What happens then; `destroy` when absent. */
  readonly onTimeout?: 'destroy' | 'pause'
}

/** Exactly one of `template` (`NAME` or `NAME@VERSION`) and `snapshot` (an id). */
export interface LaunchRequest extends LaunchOptions {
  readonly template?: string
  readonly snapshot?: string
  /** `auto` for a template; `restored` for a snapshot, whose content a cold boot would not have. */
  readonly boot?: BootChoice
  /** Other resources than the template's mean a cold boot: a restored machine has the snapshot's. */
  readonly resources?: Partial<Resources>
}
