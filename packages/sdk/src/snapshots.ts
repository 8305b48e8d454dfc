import { type LifeTime, withLifeTime } from './life-time.ts'
import { Machine } from './machine.ts'
import type { Cancellable, Repeatable } from './options.ts'
import { Listing } from './page.ts'
import type { SnapshotCopy, SnapshotPatch, SnapshotRestore } from './requests.ts'
import type { RestoreResult, SnapshotResource, SnapshotTree, VerifyResult } from './resources.ts'
import { labelQuery, parted, type Scope } from './scope.ts'
import { snapshotMade } from './snapshot-made.ts'

/**
 * Which snapshots are meant.
 *
 * ```ts
 * const filter: SnapshotFilter = { kind: ['user'], labels: { team: 'a' }, createdAfter: new Date('2026-01-01') }
 * for await (const snapshot of hearth.snapshots.list(filter)) console.log(snapshot.id, snapshot.tag)
 * ```
 */
export interface SnapshotFilter {
  /** Only those taken of this machine, by id or name. */
  readonly machine?: string
  /** Without a version: of all its versions. */
  readonly template?: string
  readonly kind?: readonly SnapshotResource['kind'][]
  readonly state?: readonly SnapshotResource['state'][]
  readonly tag?: string
  /** Every one must agree. */
  readonly labels?: Readonly<Record<string, string>>
  /** Only those taken of a machine that was restored from this snapshot. */
  readonly parent?: string
  readonly pinned?: boolean
  readonly createdAfter?: Date | string
  readonly createdBefore?: Date | string
  /** How many one page holds; 100 when absent, 1000 at most. */
  readonly limit?: number
}

/**
 * What a restore may ask for.
 *
 * ```ts
 * const { id } = await machine.snapshot()
 * const options: RestoreOptions = { name: 'again', force: true }
 * await using again = await hearth.snapshots.restore(id, options)
 * assert.equal(again.name, 'again')
 * ```
 */
export interface RestoreOptions extends Omit<SnapshotRestore, 'timeoutMs' | 'onTimeout'>, LifeTime, Repeatable {}

/**
 * A machine that a snapshot gave.
 *
 * ```ts
 * const { id } = await machine.snapshot()
 * await using restored: RestoredMachine = await hearth.snapshots.restore(id)
 * assert.deepEqual([restored.restoredFromSnapshot, restored.ttlExpired], [true, false])
 * ```
 */
export class RestoredMachine extends Machine {
  /** `false`: it was started fresh from the original configuration. */
  readonly restoredFromSnapshot: boolean
  /** The snapshot's time was over, and `force` was not said. */
  readonly ttlExpired: boolean

  constructor(scope: Scope, { machine, restoredFromSnapshot, ttlExpired }: RestoreResult) {
    super(scope, machine)
    this.restoredFromSnapshot = restoredFromSnapshot
    this.ttlExpired = ttlExpired
  }
}

/**
 * The snapshots of one namespace, newest first.
 *
 * ```ts
 * const snapshots: Snapshots = hearth.snapshots
 * const { id } = await machine.snapshot({ tag: 'before' })
 * const tagged = await snapshots.list({ tag: 'before' }).toArray()
 * assert.deepEqual(tagged.map((snapshot) => snapshot.id), [id])
 * await snapshots.update(id, { tag: 'after', pinned: true })
 * await snapshots.remove(id)
 * ```
 */
export class Snapshots implements AsyncIterable<SnapshotResource> {
  readonly #scope: Scope

  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** All snapshots, or those that fit. */
  list(filter: SnapshotFilter & Cancellable = {}): Listing<SnapshotResource> {
    const { signal, timeoutMs, labels, createdAfter, createdBefore, ...rest } = filter
    const query = {
      ...rest,
      label: labelQuery(labels),
      createdAfter: momentText(createdAfter),
      createdBefore: momentText(createdBefore),
    }
    return new Listing((cursor) => this.#scope.page(this.#scope.path('snapshots'), query, cursor, { signal, timeoutMs }))
  }

  [Symbol.asyncIterator](): AsyncGenerator<SnapshotResource, void, undefined> {
    return this.list()[Symbol.asyncIterator]()
  }

  get(id: string, options: Cancellable = {}): Promise<SnapshotResource> {
    return this.#scope.transport.json('GET', this.#path(id), options)
  }

  /** Changes tag, labels, time to live or pin; what is not named stays. A tag of null takes it away. */
  update(id: string, changes: SnapshotPatch & Cancellable): Promise<SnapshotResource> {
    const { signal, timeoutMs, ...json } = changes
    return this.#scope.transport.json('PATCH', this.#path(id), { json, signal, timeoutMs })
  }

  /**
   * Launches a machine that goes on where the snapshot was taken. When the snapshot's time is over, and `force` is not said,
   * the machine starts fresh from the original configuration.
   */
  async restore(id: string, options: RestoreOptions = {}): Promise<RestoredMachine> {
    const { call, rest } = parted(options)
    const result = await this.#scope.post<RestoreResult>(this.#path(id, 'restore'), withLifeTime(rest), call)
    return new RestoredMachine(this.#scope, result)
  }

  /** Makes another snapshot of the same moment, in another namespace or under another tag. It shares the bytes. */
  copy(id: string, options: SnapshotCopy & Repeatable = {}): Promise<SnapshotResource> {
    const { call, rest } = parted(options)
    return snapshotMade(this.#scope, this.#path(id, 'copy'), rest, call)
  }

  /** Where it comes from, and what was made from it. */
  tree(id: string, options: Cancellable = {}): Promise<SnapshotTree> {
    return this.#scope.transport.json('GET', this.#path(id, 'tree'), options)
  }

  /** Reads every byte of it again and compares with what was recorded. */
  verify(id: string, options: Cancellable = {}): Promise<VerifyResult> {
    return this.#scope.transport.json('POST', this.#path(id, 'verify'), options)
  }

  /** Deletes it; `force` ends the machines that were restored from it first. @throws HearthApiError `snapshot_in_use` */
  remove(id: string, options: Cancellable & { readonly force?: boolean } = {}): Promise<void> {
    const { force = false, ...call } = options
    return this.#scope.transport.done('DELETE', this.#path(id), { query: { force }, ...call })
  }

  #path(...parts: string[]): string {
    return this.#scope.path('snapshots', ...parts)
  }
}

function momentText(moment: Date | string | undefined): string | undefined {
  return moment instanceof Date ? moment.toISOString() : moment
}
