import {
  type Cancellable,
  HearthError,
  invalidInput,
  isHearthError,
  type Machine,
  messageOf,
  type Name,
  parseSnapshotId,
  parseTemplateRef,
  type Snapshot,
  templateRef,
} from '@hearth/model'
import type { Context } from '../context.ts'
import type { OnceOptions } from '../idempotency/once.ts'
import { checkLaunch } from '../launch/check-launch.ts'
import { launchMachine } from '../launch/launch-machine.ts'
import type { LaunchRequest } from '../launch/launch-request.ts'
import { endMachine } from '../machines/end-machine.ts'
import { findMachine, mustBeHere } from '../machines/find-machine.ts'
import { abortError, LinkedAbort } from '../time/abort.ts'
import type { EngineSnapshots, SnapshotFilter, VerifyOutcome } from './engine-snapshots.ts'
import { dependents, eraseSnapshot } from './erase-snapshot.ts'
import { freezeMachine } from './freeze-machine.ts'
import { quarantine } from './quarantine.ts'

const longestTag = 128

/** What is done with frozen machines. */
export class Snapshots implements EngineSnapshots {
  readonly #context: Context
  readonly #namespace: Name

  constructor(context: Context, namespace: Name) {
    this.#context = context
    this.#namespace = namespace
  }

  async create(machine: string, options: OnceOptions & { readonly tag?: string } = {}): Promise<Snapshot> {
    const { tag } = options
    if (tag !== undefined) checkTag(tag)
    const { id } = mustBeHere(this.#context, await findMachine(this.#context, this.#namespace, machine))
    return freezeMachine(this.#context, id, { kind: 'user', ...(tag !== undefined && { tag }) }, options)
  }

  async list(filter: SnapshotFilter = {}): Promise<Snapshot[]> {
    const source =
      filter.machine === undefined ? undefined : (await findMachine(this.#context, this.#namespace, filter.machine)).id
    const template = filter.template === undefined ? undefined : parseTemplateRef(filter.template)
    const rows = await this.#context.store.snapshots.where({ namespace: this.#namespace })
    return rows
      .filter((row) => (source ? row.source === source : true))
      .filter((row) => (template ? isOf(row, template) : true))
      .sort((a, b) => b.createdAt - a.createdAt || a.id.localeCompare(b.id))
  }

  async show(snapshot: string): Promise<Snapshot> {
    const found = await this.#context.rows.snapshots.find(parseSnapshotId(snapshot))
    if (found?.namespace !== this.#namespace) throw this.#context.rows.snapshots.missing(snapshot)
    return found
  }

  async restore(
    snapshot: string,
    request: Omit<LaunchRequest, 'template' | 'snapshot'>,
    options: OnceOptions = {},
  ): Promise<Machine> {
    return launchMachine(this.#context, checkLaunch(this.#namespace, { ...request, snapshot }), options)
  }

  async verify(snapshot: string, options: Cancellable = {}): Promise<VerifyOutcome> {
    const row = await this.show(snapshot)
    const { manifest, state } = row
    if (!manifest || (state !== 'ready' && state !== 'quarantined')) {
      throw new HearthError('snapshot_not_ready', `snapshot ${row.id} is ${state}; there is nothing to verify`)
    }
    const abort = new LinkedAbort(options.signal, this.#context.background.ending)
    const letGo = this.#context.snapshotUses.hold(row.id)
    try {
      await this.#context.drivers.of(manifest.driver).verifySnapshot(manifest, { signal: abort.signal })
      return { ok: true, snapshot: row }
    } catch (error) {
      if (abort.signal.aborted) throw abortError(abort.signal)
      if (!isHearthError(error, 'driver_corrupt', 'driver_not_found')) throw error
      await quarantine(this.#context, row.id, messageOf(error))
      return { ok: false, snapshot: await this.show(row.id), detail: messageOf(error) }
    } finally {
      letGo()
      abort.release()
    }
  }

  async remove(snapshot: string, options: { readonly force?: boolean } = {}): Promise<void> {
    const row = await this.show(snapshot)
    if (row.state === 'creating') throw new HearthError('state_conflict', `snapshot ${row.id} is being made`)
    if (!this.#context.snapshotUses.beginRemoval(row.id)) throw inUse(row.id, 'it is being removed already')
    try {
      await this.#refuseDependents(row)
      const clones = this.#context.snapshotUses.of(row.id)
      if (clones.length > 0 && !options.force) throw inUse(row.id, `${clones.length} machines run from it`, clones)
      await Promise.all(clones.map((clone) => endMachine(this.#context, clone)))
      if (!this.#context.snapshotUses.isIdle(row.id)) throw inUse(row.id, 'it is being read')
      // The last clone's end may have collected it already, when it is a fork's.
      const left = await this.#context.rows.snapshots.find(row.id)
      if (left) await eraseSnapshot(this.#context, left)
    } finally {
      this.#context.snapshotUses.endRemoval(row.id)
    }
  }

  async #refuseDependents(row: Snapshot): Promise<void> {
    const children = await dependents(this.#context, row.id)
    if (children.length > 0) throw inUse(row.id, `${children.length} snapshots build on it`, children)
  }
}

function isOf(row: Snapshot, template: ReturnType<typeof parseTemplateRef>): boolean {
  if (template.version !== undefined) return row.template === templateRef(template.name, template.version)
  return row.template.startsWith(`${template.name}@`)
}

function checkTag(tag: string): void {
  if (tag.length === 0 || tag.length > longestTag || /\p{Cc}/u.test(tag)) {
    throw invalidInput('tag', tag, `1 to ${longestTag} characters without control characters`)
  }
}

function inUse(id: string, why: string, users: readonly string[] = []): HearthError {
  return new HearthError('snapshot_in_use', `snapshot ${id} is in use: ${why}`, {
    hint: 'End what uses it first; "force" ends its machines.',
    details: { users: users.slice(0, 50) },
  })
}
