import type { Machine } from '@hearth/model'
import type { Reason } from './boot-reasons.ts'
import type { LaunchOrder } from './launch-order.ts'
import type { Phases } from './phases.ts'

/** A machine that was ready, or why none could be had. */
export type Warm = { readonly machine: Machine } | { readonly reasons: readonly Reason[] }

/** Where launches look first. */
export interface WarmSource {
  /** @throws HearthError `boot_method_unavailable` when nothing else than a warm machine was asked for and there is none */
  launch(order: LaunchOrder, phases: Phases, signal?: AbortSignal): Promise<Warm>
  /** Ends idle machines until `memoryMiB` more fit into what the host may promise. @throws HearthError `driver_busy` */
  makeRoom(memoryMiB: number): Promise<void>
}
