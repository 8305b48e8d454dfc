import {
  type AccessKey,
  defaultNamespace,
  HearthError,
  type IdempotencyRecord,
  type KeyId,
  type Machine,
  type MachineFilter,
  type MachineId,
  type MachineSecrets,
  type Name,
  type Namespace,
  namespaceDefaults,
  type PageQuery,
  type Snapshot,
  type SnapshotFilter,
  type SnapshotId,
  type SnapshotKind,
  type StateStore,
  type Template,
  type TemplateRef,
} from '@hearth/model'
import { isLive, machineFits, snapshotFits } from './memory-filters.ts'
import { MemoryLeases } from './memory-leases.ts'
import { MemoryAudit, MemoryEvents } from './memory-log.ts'
import { memoryPools } from './memory-pools.ts'
import { MemoryServers } from './memory-servers.ts'
import { type Companions, conflict, MemoryTable } from './memory-table.ts'

/** A state store in memory that keeps every promise of the port but to outlive the process. For tests. */
export function memoryStore(): StateStore {
  const events = new MemoryEvents()
  const audit = new MemoryAudit()
  const leases = new MemoryLeases()
  const servers = new MemoryServers()
  const alone: Companions = { check: () => undefined, done: ({ event }) => event && events.add(event) }
  const idempotency = new MemoryTable<IdempotencyRecord, string>('idempotency', (row) => row.id, alone)
  const together = besideRecords(idempotency, events)
  const namespaces = new MemoryTable<Namespace, Name>('namespaces', (row) => row.name, together)
  const templates = new MemoryTable<Template, TemplateRef>('templates', (row) => row.ref, together)
  const machines = new MemoryTable<Machine, MachineId>('machines', (row) => row.id, together, refuseTakenName)
  const snapshots = new MemoryTable<Snapshot, SnapshotId>('snapshots', (row) => row.id, together)
  const keys = new MemoryTable<AccessKey, KeyId>('access_keys', (row) => row.id, together, refuseKnownHash)
  void namespaces.insert({ name: defaultNamespace, labels: {}, ...namespaceDefaults, createdAt: 0 })
  const tables = { namespaces, templates, machines, snapshots, access_keys: keys, idempotency, events, audit, leases, servers }
  return {
    namespaces,
    templates: Object.assign(templates, {
      versions: async (name: Name) => templates.rowsWhere((row) => row.name === name).sort((a, b) => b.version - a.version),
    }),
    machines: machineRows(machines),
    snapshots: snapshotRows(snapshots),
    ...memoryPools(together, machines),
    keys: Object.assign(keys, { byHash: async (hash: string) => keys.rowsWhere((row) => row.hash === hash)[0] }),
    idempotency: idempotencyRows(idempotency),
    events,
    audit: audit.table(),
    leases,
    servers,
    ping: async () => undefined,
    compact: async () => undefined,
    backup: async () => {
      throw new HearthError('state_conflict', 'a store in memory has nothing to copy')
    },
    check: async () => ({
      problems: [],
      rows: Object.fromEntries(Object.entries(tables).map(([name, { size }]) => [name, size])),
    }),
    close: async () => undefined,
  }
}

function besideRecords(records: MemoryTable<IdempotencyRecord, string>, events: MemoryEvents): Companions {
  return {
    check({ idempotency }) {
      if (idempotency && records.has(idempotency.id)) throw conflict('idempotency', idempotency.id, 'exists already')
    },
    done({ idempotency, event }) {
      // It is checked, and an insert does its work within the turn.
      if (idempotency) void records.insert(idempotency)
      if (event) events.add(event)
    },
  }
}

function machineRows(machines: MemoryTable<Machine, MachineId>): StateStore['machines'] {
  return Object.assign(machines, {
    byName: async (namespace: Name, name: Name) =>
      machines.rowsWhere((row) => row.namespace === namespace && row.name === name && isLive(row))[0],
    page: async (filter: MachineFilter, query: PageQuery) => machines.pageWhere(machineFits(filter), query),
    live: async (filter: MachineFilter = {}) => machines.rowsWhere((row) => isLive(row) && machineFits(filter)(row)),
    async countByState(host: string) {
      const counted = Map.groupBy(
        machines.rowsWhere((row) => row.host === host),
        (row) => row.state,
      )
      return [...counted].map(([state, rows]) => ({ state, count: rows.length }))
    },
    pruneEnded: async (at: number) =>
      machines.forgetWhere((row) => !isLive(row) && row.endedAt !== undefined && row.endedAt < at),
    putSecrets: async (id: MachineId, secrets: MachineSecrets) => machines.attach(id, secrets),
    getSecrets: async (id: MachineId) => machines.attached(id) as MachineSecrets | undefined,
    deleteSecrets: async (id: MachineId) => machines.detach(id),
  })
}

function snapshotRows(snapshots: MemoryTable<Snapshot, SnapshotId>): StateStore['snapshots'] {
  return Object.assign(snapshots, {
    byTemplate: async (template: TemplateRef, kind?: SnapshotKind) =>
      snapshots.rowsWhere((row) => row.template === template && (kind === undefined || row.kind === kind)),
    children: async (parent: SnapshotId) =>
      snapshots.rowsWhere((row) => row.parent === parent && row.state !== 'failed').map(withoutBlocks),
    async page(filter: SnapshotFilter, query: PageQuery) {
      const page = snapshots.pageWhere(snapshotFits(filter), query)
      return { ...page, items: page.items.map(withoutBlocks) }
    },
    where: async (filter: SnapshotFilter) => snapshots.rowsWhere(snapshotFits(filter)).map(withoutBlocks),
    async countByState(host: string) {
      const counted = Map.groupBy(
        snapshots.rowsWhere((row) => row.host === host),
        ({ kind, state }) => `${kind} ${state}`,
      )
      return [...counted.values()].flatMap((rows) =>
        rows.slice(0, 1).map(({ kind, state }) => ({ kind, state, ...sizeOf(rows) })),
      )
    },
    async usage(namespace: Name) {
      const counted = snapshots.rowsWhere((row) => row.namespace === namespace && row.kind === 'user' && row.state !== 'failed')
      return sizeOf(counted)
    },
  })
}

function idempotencyRows(records: MemoryTable<IdempotencyRecord, string>): StateStore['idempotency'] {
  return Object.assign(records, {
    pending: async (host: string) => records.rowsWhere((row) => row.host === host && row.state === 'pending'),
    prune: async (at: number) => records.forgetWhere((row) => row.createdAt < at),
  })
}

function sizeOf(rows: readonly Snapshot[]): { readonly count: number; readonly bytes: number } {
  return { count: rows.length, bytes: rows.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0) }
}

/** Lists leave out what may be long and serves a restore only. */
function withoutBlocks(row: Snapshot): Snapshot {
  if (row.manifest?.layers.memory.changedBlocks === undefined) return row
  const { changedBlocks: _, ...memory } = row.manifest.layers.memory
  return { ...row, manifest: { ...row.manifest, layers: { ...row.manifest.layers, memory } } }
}

function refuseTakenName(row: Machine, others: readonly Machine[]): void {
  if (!row.name || !isLive(row)) return
  if (others.some((other) => other.namespace === row.namespace && other.name === row.name && isLive(other))) {
    throw new HearthError('name_taken', `a live machine of ${row.namespace} is already named ${row.name}`)
  }
}

function refuseKnownHash(row: AccessKey, others: readonly AccessKey[]): void {
  if (others.some((other) => other.hash === row.hash)) throw conflict('access_keys', row.id, 'has the hash of another')
}
