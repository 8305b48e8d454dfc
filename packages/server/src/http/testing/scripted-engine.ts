import { PassThrough, Readable } from 'node:stream'
import { fullMachine, snapshotRow, templateRow } from '@hearth/conformance'
import type { BuildOptions, PoolStatus, RetentionReport } from '@hearth/engine'
import {
  type FileStat,
  HearthError,
  type Machine,
  type Name,
  type Namespace,
  poolDefaults,
  type Snapshot,
  type Template,
} from '@hearth/model'
import { vi } from 'vitest'

export const machine: Machine = { ...fullMachine(1), rev: 1 }
export const snapshot: Snapshot = { ...snapshotRow(1), state: 'ready', rev: 1 }
export const template: Template = { ...templateRow('base', 1), state: 'ready', rev: 1 }
const stat: FileStat = { path: '/a ü', kind: 'file', sizeBytes: 3, mode: 0o100644, uid: 0, gid: 1, mtimeMs: 1000 }
const namespace: Namespace = {
  name: 'red' as Name,
  labels: { a: 'b' },
  snapshotLimit: 5,
  keepLast: 2,
  createdAt: 0,
  rev: 3,
}
export const pool: PoolStatus = {
  pool: {
    name: 'base' as Name,
    template: 'base' as Name,
    version: 2,
    driver: 'qemu',
    resources: { vcpus: 1, memoryMiB: 256, diskMiB: 1024 },
    settings: {
      ...poolDefaults,
      validators: [
        { kind: 'guest' },
        { kind: 'http', port: 80, path: '/healthz', status: 204 },
        { kind: 'command', argv: ['true'] },
      ],
      autoscale: { targetHitRate: 0.99, smallest: 1, largest: 8 },
    },
    state: 'active',
    rollout: {
      version: 2,
      from: 1,
      state: 'probation',
      canaries: 1,
      validated: 1,
      failed: 0,
      startedAt: 0,
      deadlineAt: 1000,
      probationMs: 60_000,
      probationUntil: 61_000,
    },
    createdAt: 0,
    rev: 4,
  },
  refill: 'not_progressing',
  reason: 'validator port 80 failed',
  lastFailure: { at: 5, stage: 'make', machine: machine.id, reason: 'validator port 80 failed' },
  depth: 2,
  making: 1,
  target: 4,
  scale: { min: 1, max: 4 },
  versions: [
    { version: 1, ready: 1, hits: 8 },
    { version: 2, ready: 1, hits: 1 },
  ],
  oldestAgeMs: 12.5,
  counters: {
    hits: 9,
    misses: { pool_empty: 1 },
    adopted: 0,
    created: 11,
    createFailed: 1,
    claimed: 9,
    claimFailures: 0,
    evicted: 0,
    validationFailures: 1,
    refillRuns: 20,
  },
}
const served = { min: 1, max: 4, launches: 10, hits: 9, hitRate: 0.9, idleMachineSeconds: 1.5 }
const removal = { snapshot: snapshot.id, namespace: namespace.name, reason: 'expired', createdAt: 0, sizeBytes: 9 } as const
const cleaned: RetentionReport = {
  dryRun: true,
  startedAt: 0,
  tookMs: 1,
  removed: [removal],
  failed: [{ ...removal, kept: true, failure: 'in use' }],
  freedBytes: 9,
  stillOver: [namespace.name],
  forgotten: { machines: 1, events: 2, audit: 3, idempotency: 4 },
}
export const written: Buffer[] = []

async function* changes() {
  yield { kind: 'create', path: 'x' }
  throw new HearthError('guest_unreachable', 'gone')
}

/** A guest that answers the same each time. */
export function scriptedSession() {
  return {
    metrics: vi.fn(async () => ({
      memTotalBytes: 1,
      memAvailableBytes: 1,
      cpuCount: 1,
      cpuBusyMs: 1,
      diskTotalBytes: 1,
      diskUsedBytes: 1,
      processes: 1,
    })),
    listeningPorts: vi.fn(async () => [22, 8080]),
    listExecs: vi.fn(async () => [{ execId: 1, pid: 2, argv: ['a'], running: false, exit: { code: 0 }, startedAtMs: 0 }]),
    stat: vi.fn(async () => stat),
    list: vi.fn(async () => [stat, { ...stat, kind: 'symlink', target: '/b', mtimeMs: Number.MAX_SAFE_INTEGER }]),
    readFile: vi.fn(async () => ({ stat, content: Readable.from([Buffer.from('abc')]) })),
    writeFile: vi.fn(async () => {
      const content = new PassThrough()
      content.on('data', (chunk) => written.push(chunk))
      return { content, done: new Promise<void>((resolve) => content.on('end', resolve)) }
    }),
    mkdir: vi.fn(async () => undefined),
    move: vi.fn(async () => undefined),
    remove: vi.fn(async () => undefined),
    watch: () => Object.assign(changes(), { ready: Promise.resolve() }),
  }
}

function scriptedPools() {
  return {
    list: vi.fn(async () => [pool]),
    get: vi.fn(async () => pool),
    set: vi.fn(async () => pool),
    warm: vi.fn(async () => pool),
    drain: vi.fn(async () => pool),
    remove: vi.fn(async () => undefined),
    rollOut: vi.fn(async () => pool),
    abortRollout: vi.fn(async () => pool),
    planScale: vi.fn(async () => ({
      windowMs: 3_600_000,
      demand: { arrivalsPerSecond: 0.5, largestBurst: 3, launchCostMs: 120.5, concurrency: 2 },
      bounds: { targetHitRate: 0.99, smallest: 1, largest: 8 },
      now: served,
      recommended: served,
    })),
  }
}

/** An engine that answers the same each time; `built` settles its builds. */
export function scriptedEngine(session: ReturnType<typeof scriptedSession>) {
  const built = Promise.withResolvers<Template>()
  const found = async () => machine
  const engine = {
    built,
    launch: vi.fn(found),
    fork: vi.fn(async () => ({
      snapshotId: snapshot.id,
      results: [{ machine }, { error: new HearthError('driver_busy', 'full') }],
    })),
    machines: {
      page: vi.fn(async () => ({ items: [machine], next: 'more' })),
      get: vi.fn(found),
      pause: vi.fn(found),
      resume: vi.fn(found),
      extend: vi.fn(found),
      destroy: vi.fn(async () => undefined),
      receipt: vi.fn(async () => machine.receipt),
      stats: vi.fn(async () => ({ pid: 3, anonymousBytes: 1, residentBytes: 2, cpuMs: 0.5 })),
      consoleFrom: vi.fn(async (_machine: string, start: number, _maxBytes: number) => ({ start, bytes: Buffer.alloc(0) })),
      consoleLog: vi.fn(async () => Buffer.from('boot\n')),
      guest: vi.fn(async () => ({ session: async () => session })),
    },
    snapshots: {
      begin: vi.fn(async () => ({ snapshot: { ...snapshot, state: 'creating' }, done: Promise.resolve(snapshot) })),
      page: vi.fn(async () => ({ items: [snapshot] })),
      show: vi.fn(async () => snapshot),
      change: vi.fn(async () => snapshot),
      copy: vi.fn(async () => snapshot),
      tree: vi.fn(async () => ({ id: snapshot.id, root: { snapshot, children: [] }, truncated: false })),
      restore: vi.fn(async () => ({ machine, restoredFromSnapshot: true, ttlExpired: false })),
      verify: vi.fn(async () => ({ ok: false, snapshot, detail: 'ram differs' })),
      remove: vi.fn(async () => undefined),
    },
    templates: {
      begin: vi.fn(async (_request: unknown, options: BuildOptions) => {
        options.progress?.('unpacking', 0.5)
        return { template: { ...template, state: 'building' }, done: built.promise }
      }),
      list: vi.fn(async () => [template]),
      show: vi.fn(async () => template),
      remove: vi.fn(async () => undefined),
    },
    namespaces: {
      list: vi.fn(async () => [namespace]),
      get: vi.fn(async () => namespace),
      create: vi.fn(async () => namespace),
      change: vi.fn(async () => namespace),
      remove: vi.fn(async () => undefined),
      usage: vi.fn(async () => ({ liveMachines: 1, snapshots: 2, snapshotBytes: 3 })),
    },
    pools: scriptedPools(),
    retention: { run: vi.fn(async () => cleaned) },
  }
  return { ...engine, in: vi.fn((_namespace: string) => engine) }
}
