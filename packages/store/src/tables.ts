import {
  type AccessKey,
  type IdempotencyRecord,
  liveMachineStates,
  type Machine,
  type Namespace,
  type Snapshot,
  type SnapshotManifest,
  type Template,
} from '@hearth/model'
import { type Columns, flag, integer, json, labelLines, labels, optional, type SqlValue, type Stored, text } from './columns.ts'

/** One table: its name, its key, and where each field of the model is kept. */
export interface TableShape<Row> {
  readonly table: string
  readonly key: string & keyof Row
  readonly columns: Columns<Row>
  /** Further columns that follow from the fields, to be searched by. */
  readonly derived?: (fields: Partial<Row>) => Record<string, SqlValue>
  /** Puts back into a row what `derived` took out of it. */
  readonly complete?: (row: Row, stored: Stored) => Row
}

export const namespaceTable: TableShape<Namespace> = {
  table: 'namespaces',
  key: 'name',
  columns: {
    name: text('name'),
    labels: labels('labels'),
    snapshotLimit: integer('snapshot_limit'),
    snapshotBytesLimit: optional(integer('snapshot_bytes_limit')),
    keepLast: optional(integer('keep_last')),
    createdAt: integer('created_at'),
    rev: integer('rev'),
  },
}

export const templateTable: TableShape<Template> = {
  table: 'templates',
  key: 'ref',
  columns: {
    ref: text('ref'),
    name: text('name'),
    version: integer('version'),
    state: text('state'),
    failure: optional(text('failure')),
    driver: text('driver'),
    host: text('host'),
    spec: json('spec'),
    contentDigest: text('content_digest'),
    createdAt: integer('created_at'),
    rev: integer('rev'),
  },
}

export const machineTable: TableShape<Machine> = {
  table: 'machines',
  key: 'id',
  columns: {
    id: text('id'),
    namespace: text('namespace'),
    host: text('host'),
    name: optional(text('name')),
    state: text('state'),
    failure: optional(text('failure')),
    driver: text('driver'),
    template: text('template'),
    resources: json('resources'),
    config: json('config'),
    network: json('network'),
    machineUuid: text('machine_uuid'),
    hostname: text('hostname'),
    boot: optional(json('boot')),
    receipt: optional(json('receipt')),
    restoredFrom: optional(text('restored_from')),
    createdAt: integer('created_at'),
    deadlineAt: optional(integer('deadline_at')),
    endedAt: optional(integer('ended_at')),
    rev: integer('rev'),
  },
  derived: ({ config, template, state }) => ({
    ...(state !== undefined && { live: isLive(state) ? 1 : 0 }),
    ...(config && { labels: labelLines(config.labels) }),
    ...(template !== undefined && { template_name: nameOf(template) }),
  }),
}

export const snapshotTable: TableShape<Snapshot> = {
  table: 'snapshots',
  key: 'id',
  columns: {
    id: text('id'),
    namespace: text('namespace'),
    host: text('host'),
    kind: text('kind'),
    state: text('state'),
    failure: optional(text('failure')),
    template: text('template'),
    source: text('source'),
    parent: optional(text('parent')),
    tag: optional(text('tag')),
    labels: labels('labels'),
    ttlMs: integer('ttl_ms'),
    pinned: flag('pinned'),
    sizeBytes: optional(integer('size_bytes')),
    verifiedAt: optional(integer('verified_at')),
    manifest: optional({ ...json<SnapshotManifest>('manifest'), write: (manifest) => JSON.stringify(withoutBlocks(manifest)) }),
    createdAt: integer('created_at'),
    rev: integer('rev'),
  },
  derived: (fields) => ({
    ...(fields.template !== undefined && { template_name: nameOf(fields.template) }),
    ...('manifest' in fields && { changed_blocks: blocksOf(fields.manifest) }),
  }),
  complete: (row, stored) => withBlocks(row, stored.changed_blocks ?? null),
}

export const keyTable: TableShape<AccessKey> = {
  table: 'access_keys',
  key: 'id',
  columns: {
    id: text('id'),
    name: text('name'),
    prefix: text('prefix'),
    hash: text('hash'),
    scope: text('scope'),
    namespaces: json('namespaces'),
    requestsPerMinute: optional(integer('requests_per_minute')),
    createdAt: integer('created_at'),
    expiresAt: optional(integer('expires_at')),
    revokedAt: optional(integer('revoked_at')),
    lastUsedAt: optional(integer('last_used_at')),
    rotatedTo: optional(text('rotated_to')),
    rev: integer('rev'),
  },
}

export const idempotencyTable: TableShape<IdempotencyRecord> = {
  table: 'idempotency',
  key: 'id',
  columns: {
    id: text('id'),
    fingerprint: text('fingerprint'),
    state: text('state'),
    resource: optional(json('resource')),
    host: text('host'),
    status: optional(integer('status')),
    answer: optional(text('answer')),
    createdAt: integer('created_at'),
    rev: integer('rev'),
  },
}

function isLive(state: Machine['state']): boolean {
  return liveMachineStates.some((live) => live === state)
}

function nameOf(template: string): string {
  const [name = ''] = template.split('@')
  return name
}

/** There may be hundreds of thousands of numbers, and only a restore needs them: they have a column of their own. */
function withoutBlocks(manifest: SnapshotManifest | undefined): SnapshotManifest | undefined {
  if (manifest?.layers.memory.changedBlocks === undefined) return manifest
  const { changedBlocks: _, ...memory } = manifest.layers.memory
  return { ...manifest, layers: { ...manifest.layers, memory } }
}

function blocksOf(manifest: SnapshotManifest | undefined): string | null {
  const blocks = manifest?.layers.memory.changedBlocks
  return blocks === undefined ? null : JSON.stringify(blocks)
}

function withBlocks(row: Snapshot, stored: SqlValue): Snapshot {
  if (stored === null || row.manifest === undefined) return row
  const changedBlocks = JSON.parse(String(stored)) as number[]
  const { layers } = row.manifest
  return { ...row, manifest: { ...row.manifest, layers: { ...layers, memory: { ...layers.memory, changedBlocks } } } }
}
