import type { Namespace, NamespaceUsage } from '@hearth/model'

/** How a namespace may be made; what is absent is the default or no bound. */
export interface NamespaceRequest {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  /** Most user snapshots, 0 to 100,000; 100 when absent. */
  readonly snapshotLimit?: number
  /** Most bytes its user snapshots may take. */
  readonly snapshotBytesLimit?: number
  /** How many of the newest user snapshots of each machine the cleaner keeps, 1 to 100,000. */
  readonly keepLast?: number
}

/** What is changed; what is absent stays. `null` takes a bound away. */
export interface NamespaceChange {
  /** Replaces all of them. */
  readonly labels?: Readonly<Record<string, string>>
  readonly snapshotLimit?: number
  readonly snapshotBytesLimit?: number | null
  readonly keepLast?: number | null
}

/** The namespace `default` always exists; launches and snapshots in one that does not are `namespace_not_found`. */
export interface EngineNamespaces {
  /** By name. */
  list(): Promise<Namespace[]>
  /** @throws HearthError `namespace_not_found`, `invalid_input` */
  get(name: string): Promise<Namespace>
  /** @throws HearthError `name_taken`, `invalid_input` */
  create(request: NamespaceRequest): Promise<Namespace>
  /** With `ifRev` only when nobody else changed it. @throws HearthError `namespace_not_found`, `precondition_failed`, `invalid_input` */
  change(name: string, change: NamespaceChange, options?: { readonly ifRev?: number }): Promise<Namespace>
  /** @throws HearthError `namespace_not_found`; `namespace_in_use` while it has live machines or snapshots, and always for `default` */
  remove(name: string): Promise<void>
  /** @throws HearthError `namespace_not_found` */
  usage(name: string): Promise<NamespaceUsage>
}
