import { type DriverSnapshot, HearthError, type MachineId, messageOf, type QuiesceResult } from '@hearth/model'
import type { Context } from '../context.ts'
import type { SnapshotOrder } from './snapshot-order.ts'

/** How often a guest is asked to go on before it is left to thaw itself. */
const thawTries = 3

/** Brings the guest of a snapshot's source to rest and lets it go on, exactly once each, whatever the driver does between. */
export class GuestFreeze {
  readonly #context: Context
  readonly #source: MachineId
  readonly #order: SnapshotOrder
  #asleep = false
  #refused: HearthError | undefined

  constructor(context: Context, source: MachineId, order: SnapshotOrder) {
    this.#context = context
    this.#source = source
    this.#order = order
  }

  async during(
    take: (quiesce: () => Promise<QuiesceResult>, unquiesce: () => Promise<void>) => Promise<DriverSnapshot>,
  ): Promise<DriverSnapshot> {
    try {
      return await take(
        () => this.#quiesce(),
        () => this.#unquiesce(),
      )
    } catch (error) {
      throw this.#refused ?? error
    } finally {
      await this.#unquiesce()
    }
  }

  async #quiesce(): Promise<QuiesceResult> {
    const startedAt = this.#context.clock.monotonicMs()
    const tookMs = () => Math.round(this.#context.clock.monotonicMs() - startedAt)
    this.#asleep = true
    try {
      const { synced, frozen, detail } = await this.#order.connection.suspend(this.#context.options.quiesceDeadlineMs)
      this.#context.failpoint('snapshot.frozen')
      if (!synced)
        return { result: 'failed', detail: detail ?? 'the guest could not write out its files in time', tookMs: tookMs() }
      const said = detail ?? (frozen ? undefined : 'user processes could not be frozen; files were written out')
      return { result: 'quiesced', ...(said !== undefined && { detail: said }), tookMs: tookMs() }
    } catch (error) {
      if (Object.keys(this.#order.thaw?.secrets ?? {}).length > 0) {
        this.#refused = refusedUnquiesced(messageOf(error))
        throw this.#refused
      }
      return { result: 'failed', detail: messageOf(error), tookMs: tookMs() }
    }
  }

  async #unquiesce(): Promise<void> {
    const { thaw, connection } = this.#order
    if (!this.#asleep || !thaw) return
    this.#asleep = false
    for (let tries = 1; ; tries++) {
      try {
        return await connection.resume(thaw)
      } catch (error) {
        this.#context.log.error('snapshot.thaw_failed', { machine: this.#source, tries, error: messageOf(error) })
        if (tries === thawTries) return
      }
    }
  }
}

function refusedUnquiesced(detail: string): HearthError {
  return new HearthError(
    'guest_unreachable',
    `the guest could not be quiesced and holds secrets, which would be frozen in: ${detail}`,
    {
      hint: 'Try again, or end the machine.',
    },
  )
}
