import type {
  AuditEntry,
  Event,
  ExecInfo,
  FileStat,
  Key,
  Machine,
  MachineStats,
  Namespace,
  NewKey,
  Receipt,
  Snapshot,
  Template,
  WatchEvent,
} from './generated/types.gen.ts'

// Generated from the description of the API; what is here gives them the names and examples that readers see.
export type {
  BuildProgress,
  DriverStatus,
  EventGap,
  ForkResult,
  GivenUp,
  Problem,
  RestoreResult,
  RetentionReport,
  ServerStats,
  SnapshotTree,
  System,
  Usage,
  VerifyResult,
} from './generated/types.gen.ts'

/**
 * Everything the server tells of a machine.
 *
 * ```ts
 * const data: MachineResource = (await hearth.machines.get(machine.id)).data
 * assert.deepEqual([data.state, data.namespace, data.boot?.method], ['running', 'default', 'restored'])
 * ```
 */
export type MachineResource = Machine

/**
 * What a machine uses.
 *
 * ```ts
 * const { host, guest }: MachineStatsResource = await machine.stats()
 * console.log(host.anonymousBytes, guest?.memAvailableBytes)
 * ```
 */
export type MachineStatsResource = MachineStats

/**
 * The guest's proof of what was personalised.
 *
 * ```ts
 * const receipt: ReceiptResource = await machine.receipt()
 * assert.ok(receipt.identify.every(({ status }) => status !== 'failed'))
 * ```
 */
export type ReceiptResource = Receipt

/**
 * Everything the server tells of a snapshot.
 *
 * ```ts
 * const snapshot: SnapshotResource = await machine.snapshot()
 * assert.deepEqual([snapshot.state, snapshot.source], ['ready', machine.id])
 * ```
 */
export type SnapshotResource = Snapshot

/**
 * Everything the server tells of one version of a template.
 *
 * ```ts
 * const template: TemplateResource = await hearth.templates.get('python')
 * assert.equal(template.state, 'ready')
 * ```
 */
export type TemplateResource = Template

/**
 * Everything the server tells of a namespace.
 *
 * ```ts
 * const namespace: NamespaceResource = await hearth.namespaces.get('default')
 * assert.equal(namespace.snapshotLimit, 100)
 * ```
 */
export type NamespaceResource = Namespace

/**
 * What the server tells of a key; never the key itself.
 *
 * ```ts
 * const key: KeyResource = await hearth.keys.self()
 * assert.deepEqual([key.scope, key.namespaces], ['admin', '*'])
 * ```
 */
export type KeyResource = Key

/**
 * A key that was just made; this once with the key itself.
 *
 * ```ts
 * const made: NewKeyResource = await hearth.keys.create('for a reader', { scope: 'read' })
 * assert.ok(made.key.startsWith('hearth_'))
 * await hearth.keys.revoke(made.id)
 * ```
 */
export type NewKeyResource = NewKey

/**
 * One line of the audit log.
 *
 * ```ts
 * const [entry]: AuditEntryResource[] = await hearth.keys.audit().toArray(1)
 * console.log(entry?.method, entry?.path, entry?.status)
 * ```
 */
export type AuditEntryResource = AuditEntry

/**
 * Something that changed state.
 *
 * ```ts
 * for await (const event of hearth.events({ after: 0, until: 'now' })) {
 *   const { seq, kind, id, state }: HearthEvent = event
 *   console.log(seq, kind, id, state)
 * }
 * ```
 */
export type HearthEvent = Event

/**
 * A process in a machine.
 *
 * ```ts
 * const sleeping = await machine.spawn('sleep', ['60'], { tag: 'nap' })
 * const [info]: ExecInfoResource[] = (await machine.processes()).filter(({ tag }) => tag === 'nap')
 * assert.equal(info?.running, true)
 * sleeping.close()
 * ```
 */
export type ExecInfoResource = ExecInfo

/**
 * What a path in a machine is.
 *
 * ```ts
 * await machine.files.write('/tmp/a', 'abc', { mode: '0600' })
 * const stat: FileStatResource = await machine.files.stat('/tmp/a')
 * assert.deepEqual([stat.kind, stat.sizeBytes, stat.mode], ['file', 3, '0600'])
 * ```
 */
export type FileStatResource = FileStat

/**
 * A change in a directory.
 *
 * ```ts
 * await machine.files.makeDirectory('/tmp/watched')
 * const changes = await machine.files.watch('/tmp/watched')
 * const first = changes.next()
 * await machine.files.write('/tmp/watched/a', 'b')
 * const change: WatchEventResource | void = (await first).value
 * assert.ok(change?.path.includes('a'))
 * await changes.return()
 * ```
 */
export type WatchEventResource = WatchEvent
