import type * as api from './generated/types.gen.ts'

// Generated from the description of the API; what is here gives them the names and examples that readers see.
export type { ForkResult, GivenUp, RestoreResult } from './generated/types.gen.ts'

/**
 * Everything the server tells of a machine.
 *
 * ```ts
 * const data: MachineResource = (await hearth.machines.get(machine.id)).data
 * assert.deepEqual([data.state, data.namespace, data.boot?.method], ['running', 'default', 'restored'])
 * ```
 */
export type MachineResource = api.Machine

/**
 * What a machine uses.
 *
 * ```ts
 * const { host, guest }: MachineStatsResource = await machine.stats()
 * console.log(host.anonymousBytes, guest?.memAvailableBytes)
 * ```
 */
export type MachineStatsResource = api.MachineStats

/**
 * The guest's proof of what was personalised.
 *
 * ```ts
 * const receipt: ReceiptResource = await machine.receipt()
 * assert.ok(receipt.identify.every(({ status }) => status !== 'failed'))
 * ```
 */
export type ReceiptResource = api.Receipt

/**
 * Everything the server tells of a snapshot.
 *
 * ```ts
 * const snapshot: SnapshotResource = await machine.snapshot()
 * assert.deepEqual([snapshot.state, snapshot.source], ['ready', machine.id])
 * ```
 */
export type SnapshotResource = api.Snapshot

/**
 * Everything the server tells of one version of a template.
 *
 * ```ts
 * const template: TemplateResource = await hearth.templates.get('python')
 * assert.equal(template.state, 'ready')
 * ```
 */
export type TemplateResource = api.Template

/**
 * Everything the server tells of a namespace.
 *
 * ```ts
 * const namespace: NamespaceResource = await hearth.namespaces.get('default')
 * assert.equal(namespace.snapshotLimit, 100)
 * ```
 */
export type NamespaceResource = api.Namespace

/**
 * What the server tells of a key; never the key itself.
 *
 * ```ts
 * const key: KeyResource = await hearth.keys.self()
 * assert.deepEqual([key.scope, key.namespaces], ['admin', '*'])
 * ```
 */
export type KeyResource = api.Key

/**
 * A key that was just made; this once with the key itself.
 *
 * ```ts
 * const made: NewKeyResource = await hearth.keys.create('for a reader', { scope: 'read' })
 * assert.ok(made.key.startsWith('hearth_'))
 * await hearth.keys.revoke(made.id)
 * ```
 */
export type NewKeyResource = api.NewKey

/**
 * One line of the audit log.
 *
 * ```ts
 * const [entry]: AuditEntryResource[] = await hearth.keys.audit().toArray(1)
 * console.log(entry?.method, entry?.path, entry?.status)
 * ```
 */
export type AuditEntryResource = api.AuditEntry

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
export type HearthEvent = api.Event

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
export type ExecInfoResource = api.ExecInfo

/**
 * What a path in a machine is.
 *
 * ```ts
 * await machine.files.write('/tmp/a', 'abc', { mode: '0600' })
 * const stat: FileStatResource = await machine.files.stat('/tmp/a')
 * assert.deepEqual([stat.kind, stat.sizeBytes, stat.mode], ['file', 3, '0600'])
 * ```
 */
export type FileStatResource = api.FileStat

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
export type WatchEventResource = api.WatchEvent

/**
 * How far a build is.
 *
 * ```ts
 * const told: BuildProgress[] = []
 * await hearth.templates.build('told', 'builtin:base', { onProgress: (progress) => told.push(progress) })
 * assert.ok(told.every(({ step }) => step !== ''))
 * ```
 */
export type BuildProgress = api.BuildProgress

/**
 * Whether a driver works on the server's host, with what, and if not what to do.
 *
 * ```ts
 * const drivers: DriverStatus[] = (await hearth.system.get()).drivers
 * assert.ok(drivers.some(({ usable }) => usable))
 * ```
 */
export type DriverStatus = api.DriverStatus

/**
 * Events that are not kept any more.
 *
 * ```ts
 * const onGap = ({ after, oldest }: EventGap) => console.log(`missed what happened from ${after} to ${oldest}`)
 * for await (const { seq } of hearth.events({ after: 1, until: 'now', onGap })) console.log(seq)
 * ```
 */
export type EventGap = api.EventGap

/**
 * Everything the server tells of a pool, and how it stands.
 *
 * ```ts
 * const pool: PoolResource = await hearth.pools.set('python', { settings: { min: 0, max: 1 } })
 * assert.deepEqual([pool.template, pool.version, pool.state], ['python', 1, 'active'])
 * await hearth.pools.remove(pool.name)
 * ```
 */
export type PoolResource = api.Pool

/**
 * How far a new version is in a pool, or how its rollout ended.
 *
 * ```ts
 * await hearth.pools.set('python', { settings: { min: 1, max: 1 } })
 * const none = await hearth.pools.rollout('python').catch((error: HearthApiError) => error.code)
 * const told: PoolRolloutResource | string = none
 * assert.equal(told, 'not_found')
 * await hearth.pools.remove('python')
 * ```
 */
export type PoolRolloutResource = api.PoolRollout

/**
 * What autoscale would do with a pool.
 *
 * ```ts
 * await hearth.pools.set('python', { settings: { min: 1, max: 2 } })
 * const plan: PoolScalePlan = await hearth.pools.planScale('python', { targetHitRate: 0.95 })
 * assert.equal(plan.bounds.targetHitRate, 0.95)
 * console.log(plan.recommended.min, plan.recommended.max, plan.recommended.hitRate)
 * await hearth.pools.remove('python')
 * ```
 */
export type PoolScalePlan = api.PoolScalePlan

/**
 * How a pool stands, and what it has done since the server started.
 *
 * ```ts
 * await hearth.pools.set('python', { settings: { min: 1, max: 1 } })
 * await hearth.pools.warm('python')
 * const stats: PoolStats = await hearth.pools.stats('python')
 * assert.deepEqual([stats.depth, stats.target, stats.counters.hits], [1, 1, 0])
 * await hearth.pools.remove('python')
 * ```
 */
export type PoolStats = api.PoolStats

/**
 * Why one of several things could not be done (RFC 9457).
 *
 * ```ts
 * const { clones } = await machine.fork(2)
 * const problems = clones.filter((clone): clone is Problem => !(clone instanceof Machine))
 * assert.deepEqual(problems, [])
 * ```
 */
export type Problem = api.Problem

/**
 * What the cleaner of snapshots removed, or would.
 *
 * ```ts
 * const report: RetentionReport = await hearth.system.clean({ dryRun: true })
 * assert.deepEqual([report.dryRun, report.failed], [true, []])
 * ```
 */
export type RetentionReport = api.RetentionReport

/**
 * What a server holds now.
 *
 * ```ts
 * const stats: ServerStats = await hearth.system.stats()
 * assert.ok(stats.machines.running >= 1)
 * ```
 */
export type ServerStats = api.ServerStats

/**
 * Where a snapshot comes from, and what was made from it; parents come first.
 *
 * ```ts
 * const { id } = await machine.snapshot()
 * const tree: SnapshotTree = await hearth.snapshots.tree(id)
 * assert.ok(tree.items.some((item) => item.id === tree.root))
 * ```
 */
export type SnapshotTree = api.SnapshotTree

/**
 * What a server is.
 *
 * ```ts
 * const system: System = await hearth.system.get()
 * console.log(system.version, system.pid)
 * ```
 */
export type System = api.System

/**
 * What a namespace holds, and its bounds.
 *
 * ```ts
 * const usage: Usage = await hearth.usage()
 * assert.ok(usage.snapshots <= usage.snapshotLimit)
 * ```
 */
export type Usage = api.Usage

/**
 * Whether every byte of a snapshot is as it was written.
 *
 * ```ts
 * const { id } = await machine.snapshot()
 * const result: VerifyResult = await hearth.snapshots.verify(id)
 * assert.ok(result.ok, result.detail)
 * ```
 */
export type VerifyResult = api.VerifyResult
