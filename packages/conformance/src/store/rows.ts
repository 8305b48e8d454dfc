import {
  type AccessKey,
  defaultNamespace,
  defaultSnapshotTtlMs,
  type IdempotencyRecord,
  type KeyId,
  type Machine,
  type MachineId,
  type Name,
  type Namespace,
  type NewEvent,
  type Snapshot,
  type SnapshotId,
  type Template,
  type TemplateRef,
} from '@hearth/model'

const id = (prefix: string, number: number): string => `${prefix}-${String(number).padStart(16, '0')}`

/** The machine id of that number. */
export const machineId = (number: number): MachineId => id('m', number) as MachineId
/** The snapshot id of that number. */
export const snapshotId = (number: number): SnapshotId => id('s', number) as SnapshotId

const resources = { vcpus: 2, memoryMiB: 512, diskMiB: 1024 }
const config = { env: { LANG: 'C.UTF-8', TEXT: 'two\nlines "quoted" ünï 🔥' }, labels: { team: 'a' }, egress: 'none' as const }

/** A machine with only what it must have. */
export function bareMachine(number: number, change: Partial<Machine> = {}): Omit<Machine, 'rev'> {
  return {
    id: machineId(number),
    namespace: defaultNamespace,
    host: 'home-1',
    state: 'starting',
    driver: 'memory',
    template: 'base@1' as TemplateRef,
    resources,
    config,
    network: { mac: '02:00:00:00:00:01', address: '10.77.0.2/24', gateway: '10.77.0.1', dns: '10.77.0.3' },
    machineUuid: '0123456789abcdef0123456789abcdef',
    hostname: `machine-${number}`,
    createdAt: 1_795_400_000_000 + number,
    ...change,
  }
}

/** A machine with every field there is. */
export function fullMachine(number: number): Omit<Machine, 'rev'> {
  return bareMachine(number, {
    name: `box-${number}` as Name,
    state: 'running',
    failure: 'none yet',
    boot: {
      method: 'cold',
      reasons: [{ code: 'snapshot_missing', detail: 'the template has none' }],
      phasesMs: { boot: 12.5, assign: 1 },
      totalMs: 13.5,
      snapshotId: snapshotId(1),
      poolHit: false,
    },
    receipt: {
      identify: [{ name: 'entropy', status: 'done', evidence: '00ff', detail: 'drawn after' }],
      assign: [{ name: 'link', status: 'not_applicable', evidence: '' }],
      verifiedAt: 1_795_400_000_500,
    },
    restoredFrom: snapshotId(1),
    deadlineAt: 1_795_400_060_000,
    endedAt: 1_795_400_001_000,
  })
}

/** A version of the template `name`. */
export function templateRow(name: string, version: number, change: Partial<Template> = {}): Omit<Template, 'rev'> {
  return {
    ref: `${name}@${version}` as TemplateRef,
    name: name as Name,
    version,
    state: 'building',
    driver: 'memory',
    host: 'home-1',
    spec: {
      name: name as Name,
      source: { kind: 'debian', suite: 'bookworm', include: ['python3-minimal'] },
      resources,
      env: {},
      start: ['/bin/serve', '--port', '80'],
      ready: { kind: 'port', port: 80 },
      readyTimeoutMs: 1000,
      egress: 'none',
    },
    contentDigest: 'ab'.repeat(32),
    createdAt: 1_795_400_000_000 + version,
    ...change,
  }
}

/** A snapshot of machine 1, with a manifest. */
export function snapshotRow(number: number, change: Partial<Snapshot> = {}): Omit<Snapshot, 'rev'> {
  const base = {
    id: snapshotId(number),
    kind: 'user',
    template: 'base@1' as TemplateRef,
    source: machineId(1),
    createdAt: 1_795_400_000_000 + number,
  } as const
  return {
    ...base,
    namespace: defaultNamespace,
    host: 'home-1',
    state: 'creating',
    tag: 'before lunch',
    labels: { stage: 'two\nlines "quoted" ünï 🔥' },
    ttlMs: defaultSnapshotTtlMs,
    pinned: false,
    sizeBytes: 2 ** 40,
    manifest: {
      ...base,
      driver: 'memory',
      artifacts: [{ name: 'ram', sizeBytes: 2 ** 40, sha256: 'cd'.repeat(32) }],
      quality: 'memory+disk',
      quiesce: { result: 'quiesced', tookMs: 3.25 },
      compatibility: {
        hardwareProfile: 'pc-1',
        vmm: 'none',
        vmmVersion: '1',
        machineType: 'none',
        cpuModel: 'none',
        cpuFeatures: ['sse'],
        accelerator: 'none',
        guestKernel: '6.1',
        guestProtocol: 1,
      },
      resources,
      config,
      pauseMs: 4.5,
      layers: { disk: ['base', 'top'], memory: { file: 'ram', base: snapshotId(99), changedBlocks: [1, 2, 400] } },
    },
    ...change,
  }
}

/** A namespace with only what it must have. */
export function namespaceRow(name: string, change: Partial<Namespace> = {}): Omit<Namespace, 'rev'> {
  return { name: name as Name, labels: {}, snapshotLimit: 100, createdAt: 1_795_400_000_000, ...change }
}

/** A key that is good everywhere. */
export function keyRow(number: number, change: Partial<AccessKey> = {}): Omit<AccessKey, 'rev'> {
  return {
    id: id('k', number) as KeyId,
    name: `key ${number}`,
    prefix: 'hearth_ab',
    hash: String(number).padStart(64, '0'),
    scope: 'use',
    namespaces: '*',
    createdAt: 1_795_400_000_000 + number,
    ...change,
  }
}

/** What a launch that was asked with a key began. */
export function idempotencyRow(number: number, change: Partial<IdempotencyRecord> = {}): Omit<IdempotencyRecord, 'rev'> {
  return {
    id: `k-1 key ${number}`,
    fingerprint: 'ef'.repeat(32),
    state: 'pending',
    resource: { kind: 'machine', id: machineId(number) },
    host: 'home-1',
    createdAt: 1_795_400_000_000 + number,
    ...change,
  }
}

/** Something that happened to machine `number`. */
export function eventOf(number: number, change: Partial<NewEvent> = {}): NewEvent {
  return {
    at: 1_795_400_000_000 + number,
    kind: 'machine',
    id: machineId(number),
    namespace: defaultNamespace,
    state: 'running',
    removed: false,
    data: { name: 'two\nlines "quoted" ünï 🔥', boot: { totalMs: 12.5 } },
    ...change,
  }
}
