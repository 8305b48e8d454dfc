import {
  HearthError,
  isHearthError,
  type Machine,
  type MachineId,
  messageOf,
  newMachineId,
  type SnapshotManifest,
} from '@hearth/model'
import type { Context } from '../context.ts'
import { type OnceOptions, onceOnly, recordOf } from '../idempotency/once.ts'
import { newMachineUuid, newToken, type Personality } from '../identity/personality.ts'
import { forgetMachine } from '../machines/forget-machine.ts'
import { quarantine } from '../snapshots/quarantine.ts'
import { throwIfAborted } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { type Reason, reasonFor } from './boot-reasons.ts'
import { type BroughtUp, bringUp } from './bring-up.ts'
import { hostnameOf, type LaunchWish } from './check-launch.ts'
import type { LaunchOrder } from './launch-order.ts'
import { type LaunchPlan, planLaunch } from './launch-plan.ts'
import { newMachineRow } from './new-machine-row.ts'
import { Phases } from './phases.ts'
import { startService } from './start-service.ts'

/** From a checked wish to a running machine. A launch that fails or is cancelled leaves a `failed` row that says why, and nothing else. */
export function launchMachine(context: Context, wish: LaunchWish, options: OnceOptions = {}): Promise<Machine> {
  const { signal, idempotency } = options
  return onceOnly(context, idempotency, async () => {
    await refuseTakenName(context, wish)
    return launch(context, { ...wish, ...(idempotency && { idempotency }) }, signal)
  })
}

async function launch(context: Context, wish: LaunchOrder, cancel?: AbortSignal): Promise<Machine> {
  const phases = new Phases(context.clock)
  const warm = await context.warm.launch(wish, phases, cancel)
  if ('machine' in warm) return warm.machine
  const id = newMachineId(context.random)
  return context.turns.take(id, [cancel, context.background.ending], async (signal) => {
    let driver = 'none'
    try {
      const plan = await planLaunch(context, id, wish)
      driver = plan.driver.name
      await context.warm.promise(id, plan.resources.memoryMiB)
      throwIfAborted(signal)
      phases.end('plan')
      return await new Launch(context, id, wish, plan, phases, signal, warm.reasons).run()
    } catch (error) {
      const code = isHearthError(error) ? error.code : 'internal'
      context.meter.launchFailed({ driver, code, tookMs: phases.report().totalMs })
      await forgetMachine(context, id)
      throw error
    }
  })
}

class Launch {
  readonly #context: Context
  readonly #id: MachineId
  readonly #wish: LaunchOrder
  readonly #plan: LaunchPlan
  readonly #phases: Phases
  readonly #signal: AbortSignal
  readonly #machineUuid: string
  readonly #network: Machine['network']
  readonly #reasons: Reason[]
  #row: Promise<Machine> | undefined
  #recorded: Promise<unknown> | undefined

  constructor(
    context: Context,
    id: MachineId,
    wish: LaunchOrder,
    plan: LaunchPlan,
    phases: Phases,
    signal: AbortSignal,
    notWarmer: readonly Reason[],
  ) {
    this.#context = context
    this.#id = id
    this.#wish = wish
    this.#plan = plan
    this.#phases = phases
    this.#signal = signal
    this.#machineUuid = newMachineUuid(context.random)
    this.#network = context.addresses.take(id)
    this.#reasons = [...notWarmer, ...plan.reasons]
  }

  async run(): Promise<Machine> {
    try {
      // Whoever asks again must find the row before anything is on the host.
      if (this.#wish.idempotency) await this.#insert(this.#plan.manifest)
      const restored = this.#plan.manifest && (await this.#restored(this.#plan.manifest))
      return restored ?? (await this.#cold())
    } catch (error) {
      await this.#failed(error)
      throw error
    }
  }

  /** `undefined` when a cold boot is to follow. */
  async #restored(manifest: SnapshotManifest): Promise<Machine | undefined> {
    try {
      const who = this.#personality()
      return await this.#running(await this.#bringUp(who, manifest), manifest)
    } catch (error) {
      const reason = this.#signal.aborted ? undefined : reasonFor(error)
      if (!reason) throw error
      this.#context.log.warn('launch.restore_failed', { machine: this.#id, snapshot: manifest.id, ...reason })
      if (reason.code === 'snapshot_corrupt') await quarantine(this.#context, manifest.id, reason.detail)
      if (!this.#plan.mayBootCold) throw error
      this.#reasons.push(reason)
      this.#context.snapshotUses.release(this.#id)
      this.#phases.end('restore_failed')
      return undefined
    }
  }

  async #cold(): Promise<Machine> {
    const { driver, template } = this.#plan
    this.#context.snapshotUses.release(this.#id)
    const who = this.#personality()
    const up = await this.#bringUp(who)
    await startService(up.connection, template.spec, {
      clock: this.#context.clock,
      signal: this.#signal,
      consoleTail: async () => Buffer.from(await driver.consoleLog(this.#id, 4096)).toString('utf8'),
    })
    if (template.spec.start || template.spec.ready) this.#phases.end('ready')
    return this.#running(up)
  }

  #bringUp(who: Personality, from?: SnapshotManifest): Promise<BroughtUp> {
    const { driver, template, resources, egress, staleToken } = this.#plan
    const spec = { id: this.#id, template: template.ref, resources, network: this.#network, egress }
    // The token must be on record before the guest is told it, else a restarted server could not enter.
    const secrets = { token: who.token, secrets: who.secrets }
    const beside = () => {
      this.#recorded = this.#insert(from).then(() => this.#context.store.machines.putSecrets(this.#id, secrets))
      return this.#recorded.then(() => this.#context.failpoint('launch.row_written'))
    }
    const restore = from && { from, ...(staleToken && { staleToken }) }
    return bringUp(this.#context, { driver, spec, who, ...restore, beside, phases: this.#phases }, this.#signal)
  }

  /** Once; a cold boot after a failed restore goes on with the same row. */
  #insert(from?: SnapshotManifest): Promise<Machine> {
    const row = newMachineRow(this.#wish, this.#plan, {
      id: this.#id,
      host: this.#context.host,
      network: this.#network,
      machineUuid: this.#machineUuid,
      hostname: this.#hostname(),
      createdAt: this.#context.clock.now(),
      ...(from && { restoredFrom: from.id }),
    })
    this.#row ??= this.#context.rows.machines.insert(row, recordOf(this.#wish.idempotency, 'machine', this.#id))
    return this.#row
  }

  async #running(up: BroughtUp, from?: SnapshotManifest): Promise<Machine> {
    const { phasesMs, totalMs } = this.#phases.report()
    const boot = {
      method: from ? ('restored' as const) : ('cold' as const),
      reasons: this.#reasons,
      phasesMs,
      totalMs,
      ...(from && { snapshotId: from.id }),
      poolHit: false,
    }
    throwIfAborted(this.#signal)
    const row = await this.#row
    const { timeoutMs } = this.#wish
    const deadlineAt = timeoutMs === undefined ? undefined : this.#context.clock.now() + timeoutMs
    const machine = await this.#context.rows.machines.change(
      this.#id,
      () => ({ state: 'running', boot, restoredFrom: from?.id, deadlineAt, ...(up.receipt && { receipt: up.receipt }) }),
      row,
    )
    const { driver, template } = machine
    this.#context.meter.launched({ machine: machine.id, driver, template, startedAt: this.#phases.startedAt, boot })
    this.#context.failpoint('launch.running')
    this.#context.log.info('machine.running', { machine: machine.id, template: machine.template, method: boot.method, totalMs })
    return machine
  }

  async #failed(error: unknown): Promise<void> {
    const { log, rows, clock, guests } = this.#context
    guests.drop(this.#id)
    await attempt(log, `destroy ${this.#id}`, () => this.#plan.driver.destroy(this.#id))
    // The driver may have failed while the row was still being written.
    await this.#recorded?.catch(() => undefined)
    const row = await this.#row?.catch(() => undefined)
    if (!row) return
    await forgetMachine(this.#context, this.#id)
    const failure = isHearthError(error, 'cancelled') ? 'cancelled' : messageOf(error)
    await attempt(log, `mark ${this.#id} failed`, () =>
      rows.machines.change(this.#id, () => ({ state: 'failed', failure, endedAt: clock.now(), restoredFrom: undefined })),
    )
  }

  #personality(): Personality {
    const { env, egress } = this.#plan
    const { secrets, files } = this.#wish
    const token = newToken(this.#context.random)
    return {
      machineUuid: this.#machineUuid,
      hostname: this.#hostname(),
      network: this.#network,
      egress,
      env,
      secrets,
      files,
      token,
    }
  }

  #hostname(): string {
    return this.#wish.hostname ?? hostnameOf(this.#wish.name, this.#id)
  }
}

/** @throws HearthError `name_taken` */
async function refuseTakenName(context: Context, wish: LaunchWish): Promise<void> {
  if (!wish.name || !(await context.store.machines.byName(wish.namespace, wish.name))) return
  throw new HearthError('name_taken', `a live machine is already named ${JSON.stringify(wish.name)}`, {
    hint: 'Choose another name, or end that machine.',
  })
}
