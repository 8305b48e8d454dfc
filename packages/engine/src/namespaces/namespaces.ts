import {
  type Change,
  defaultNamespace,
  HearthError,
  isHearthError,
  type Name,
  type Namespace,
  type NamespaceUsage,
  type NewEvent,
  namespaceDefaults,
  namespaceNotFound,
  parseName,
} from '@hearth/model'
import type { Context } from '../context.ts'
import { checkLabels, whole } from '../input/checks.ts'
import { mustBeAt } from '../snapshots/change-snapshot.ts'
import { emptyNamespace } from './empty-namespace.ts'
import type { EngineNamespaces, NamespaceChange, NamespaceRequest } from './engine-namespaces.ts'
import { mustExist } from './limits.ts'

const maxTries = 16
const counts = { min: 0, max: 100_000 }

/** Who keeps machines and snapshots apart from others'. */
export class Namespaces implements EngineNamespaces {
  readonly #context: Context

  constructor(context: Context) {
    this.#context = context
  }

  /** Makes the one that always exists, when the store has none yet. */
  async start(): Promise<void> {
    if (await this.#context.store.namespaces.get(defaultNamespace)) return
    const row = { name: defaultNamespace, labels: {}, ...namespaceDefaults, createdAt: this.#context.clock.now() }
    await this.#context.store.namespaces.insert(row).catch((error) => {
      // Another server of the same database was quicker.
      if (!isHearthError(error, 'store_conflict')) throw error
    })
  }

  async list(): Promise<Namespace[]> {
    return (await this.#context.store.namespaces.list()).sort((a, b) => a.name.localeCompare(b.name))
  }

  get(name: string): Promise<Namespace> {
    return mustExist(this.#context, parseName(name, 'namespace'))
  }

  async create(request: NamespaceRequest): Promise<Namespace> {
    const { labels = {}, snapshotLimit = namespaceDefaults.snapshotLimit, snapshotBytesLimit, keepLast } = request
    const row = {
      name: parseName(request.name),
      ...checkChange({ labels, snapshotLimit, snapshotBytesLimit, keepLast }),
      labels: checkLabels(labels),
      snapshotLimit: whole(snapshotLimit, counts, 'snapshotLimit'),
      createdAt: this.#context.clock.now(),
    }
    try {
      return await this.#context.store.namespaces.insert(row, { event: this.#event(row.name, false) })
    } catch (error) {
      if (!isHearthError(error, 'store_conflict')) throw error
      throw new HearthError('name_taken', `there is a namespace ${JSON.stringify(row.name)} already`, { cause: error })
    }
  }

  async change(name: string, change: NamespaceChange, options: { readonly ifRev?: number } = {}): Promise<Namespace> {
    const wanted = checkChange(change)
    return this.#withRow(name, (row) => {
      mustBeAt(row, options.ifRev, `namespace ${row.name}`)
      const event = this.#event(row.name, false)
      return this.#context.store.namespaces.update(row.name, row.rev, wanted, { event })
    })
  }

  async remove(name: string): Promise<void> {
    const { namespaceUses } = this.#context
    const { name: known } = await this.get(name)
    if (known === defaultNamespace) throw new HearthError('namespace_in_use', 'the namespace "default" always exists')
    if (!namespaceUses.beginRemoval(known)) throw namespaceNotFound(name)
    try {
      if (!namespaceUses.isIdle(known)) throw new HearthError('namespace_in_use', `something is being made in namespace ${known}`)
      await emptyNamespace(this.#context, known)
      const event = this.#event(known, true)
      await this.#withRow(known, (row) => this.#context.store.namespaces.delete(row.name, row.rev, { event }))
    } finally {
      namespaceUses.endRemoval(known)
    }
  }

  async usage(name: string): Promise<NamespaceUsage> {
    const { store } = this.#context
    const namespace = parseName(name, 'namespace')
    const [, live, { count, bytes }] = await Promise.all([
      this.get(name),
      store.machines.live({ namespace }),
      store.snapshots.usage(namespace),
    ])
    return { liveMachines: live.length, snapshots: count, snapshotBytes: bytes }
  }

  /** Reads and tries again when somebody else was quicker. */
  async #withRow<T>(name: string, work: (row: Namespace) => Promise<T>): Promise<T> {
    for (let tries = 0; tries < maxTries; tries++) {
      try {
        return await work(await this.get(name))
      } catch (error) {
        if (!isHearthError(error, 'store_conflict')) throw error
      }
    }
    throw new HearthError('store_conflict', `namespace ${name} was changed by others ${maxTries} times in a row`)
  }

  #event(name: Name, removed: boolean): NewEvent {
    return { at: this.#context.clock.now(), kind: 'namespace', id: name, namespace: name, state: 'ready', removed, data: {} }
  }
}

function checkChange({ labels, snapshotLimit, snapshotBytesLimit, keepLast }: NamespaceChange): Change<Namespace> {
  return {
    ...(labels && { labels: checkLabels(labels) }),
    ...(snapshotLimit !== undefined && { snapshotLimit: whole(snapshotLimit, counts, 'snapshotLimit') }),
    ...bound('snapshotBytesLimit', snapshotBytesLimit, { min: 0, max: Number.MAX_SAFE_INTEGER }),
    ...bound('keepLast', keepLast, { ...counts, min: 1 }),
  }
}

/** `null` clears it. */
function bound<Field extends string>(
  field: Field,
  value: number | null | undefined,
  range: { readonly min: number; readonly max: number },
): Partial<Record<Field, number | undefined>> {
  if (value === undefined) return {}
  const checked = value === null ? undefined : whole(value, range, field)
  return { [field]: checked } as Partial<Record<Field, number | undefined>>
}
