import type {
  BuildTemplateData,
  ChangeNamespaceData,
  ChangeSnapshotData,
  CopySnapshotData,
  CreateKeyData,
  CreateNamespaceData,
  CreateSnapshotData,
  ForkMachineData,
  LaunchMachineData,
  PlanPoolScaleData,
  RestoreSnapshotData,
  SetPoolData,
  StartPoolRolloutData,
} from './generated/types.gen.ts'

// What requests carry, by the names of what they do.
export type Fork = NonNullable<ForkMachineData['body']>
export type KeyCreate = NonNullable<CreateKeyData['body']>
export type Launch = NonNullable<LaunchMachineData['body']>
export type NamespaceCreate = NonNullable<CreateNamespaceData['body']>
export type NamespacePatch = NonNullable<ChangeNamespaceData['body']>
export type PoolRolloutStart = NonNullable<StartPoolRolloutData['body']>
export type PoolScaleQuery = NonNullable<PlanPoolScaleData['query']>
export type PoolSet = NonNullable<SetPoolData['body']>
export type SnapshotCopy = NonNullable<CopySnapshotData['body']>
export type SnapshotRestore = NonNullable<RestoreSnapshotData['body']>
export type TemplateBuild = NonNullable<BuildTemplateData['body']>

/**
 * What a new snapshot is given.
 *
 * ```ts
 * const marks: SnapshotCreate = { tag: 'before', labels: { step: '1' }, ttlMs: 3_600_000, pinned: false }
 * const { tag } = await machine.snapshot(marks)
 * assert.equal(tag, 'before')
 * ```
 */
export type SnapshotCreate = NonNullable<CreateSnapshotData['body']>

/**
 * What changes about a snapshot; what is absent stays.
 *
 * ```ts
 * const { id } = await machine.snapshot({ tag: 'before' })
 * const changes: SnapshotPatch = { tag: null, ttlMs: 0, pinned: true }
 * assert.equal((await hearth.snapshots.update(id, changes)).pinned, true)
 * ```
 */
export type SnapshotPatch = NonNullable<ChangeSnapshotData['body']>
