import type { Machine, MachineId } from '@hearth/model'
import type { Reason } from './boot-reasons.ts'
import type { LaunchOrder } from './launch-order.ts'
import type { Phases } from './phases.ts'

/** A machine that was ready, or why none could be had. */
export type Warm = { readonly machine: Machine } | { readonly reasons: readonly Reason[] }

/** Where launches look first. */
export interface WarmSource {
  /** @throws HearthError `boot_method_unavailable` when nothing else than a warm machine was asked for and there is none */
  launch(order: LaunchOrder, phases: Phases, signal?: AbortSignal): Promise<Warm>
  /** Promises a machine its memory, for which idle ones may have to end. @throws HearthError `driver_busy` when the host has no more */
  promise(id: MachineId, memoryMiB: number): Promise<void>
}
