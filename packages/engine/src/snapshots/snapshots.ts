import type { Cancellable, Name, Page, Snapshot } from '@hearth/model'
import type { Context } from '../context.ts'
import { onceOnly } from '../idempotency/once.ts'
import type { LaunchRequest } from '../launch/launch-request.ts'
import { longestPage } from '../machines/page-of-machines.ts'
import { beginSnapshot } from './begin-snapshot.ts'
import { changeSnapshot } from './change-snapshot.ts'
import { copySnapshot } from './copy-snapshot.ts'
import type {
  EngineSnapshots,
  RestoreOptions,
  RestoreOutcome,
  SnapshotBegun,
  SnapshotChange,
  SnapshotCopy,
  SnapshotFilter,
  SnapshotLineage,
  SnapshotOptions,
  SnapshotQuery,
  VerifyOutcome,
} from './engine-snapshots.ts'
import { findSnapshot } from './find-snapshot.ts'
import { lineageOf } from './lineage.ts'
import { pageOfSnapshots } from './page-of-snapshots.ts'
import { removeSnapshot } from './remove-snapshot.ts'
import { launchIn } from './restore-snapshot.ts'
import { verifySnapshot } from './verify-snapshot.ts'

/** What is done with frozen machines. */
export class Snapshots implements EngineSnapshots {
  readonly #context: Context
  readonly #namespace: Name

  constructor(context: Context, namespace: Name) {
    this.#context = context
    this.#namespace = namespace
  }

  create(machine: string, options: SnapshotOptions = {}): Promise<Snapshot> {
    return onceOnly(this.#context, options.idempotency, async () => {
      const { done } = await beginSnapshot(this.#context, this.#namespace, machine, options)
      return done
    })
  }

  begin(machine: string, options: SnapshotOptions = {}): Promise<SnapshotBegun> {
    return onceOnly(this.#context, options.idempotency, () => beginSnapshot(this.#context, this.#namespace, machine, options))
  }

  async list(filter: SnapshotFilter = {}): Promise<Snapshot[]> {
    const { items } = await this.page({ ...filter, limit: longestPage })
    return [...items]
  }

  page(query: SnapshotQuery): Promise<Page<Snapshot>> {
    return pageOfSnapshots(this.#context, this.#namespace, query)
  }

  show(snapshot: string): Promise<Snapshot> {
    return findSnapshot(this.#context, this.#namespace, snapshot)
  }

  change(snapshot: string, change: SnapshotChange, options: { readonly ifRev?: number } = {}): Promise<Snapshot> {
    return changeSnapshot(this.#context, this.#namespace, snapshot, change, options)
  }

  copy(snapshot: string, request: SnapshotCopy = {}): Promise<Snapshot> {
    return onceOnly(this.#context, request.idempotency, () => copySnapshot(this.#context, this.#namespace, snapshot, request))
  }

  tree(snapshot: string): Promise<SnapshotLineage> {
    return lineageOf(this.#context, this.#namespace, snapshot)
  }

  restore(
    snapshot: string,
    request: Omit<LaunchRequest, 'template' | 'snapshot'>,
    options?: RestoreOptions,
  ): Promise<RestoreOutcome> {
    return launchIn(this.#context, this.#namespace, { ...request, snapshot }, options)
  }

  async verify(snapshot: string, options?: Cancellable): Promise<VerifyOutcome> {
    return verifySnapshot(this.#context, await this.show(snapshot), options)
  }

  async remove(snapshot: string, options: { readonly force?: boolean } = {}): Promise<void> {
    const { force = false } = options
    await removeSnapshot(this.#context, await this.show(snapshot), { force })
  }
}
