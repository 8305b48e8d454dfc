import { createHash } from 'node:crypto'
import type { FileKind } from '@hearth/model'

/** A file of a double. */
export interface DoubleFile {
  kind: FileKind
  content: Buffer
  mode: number
  uid: number
  gid: number
  mtimeMs: number
  target?: string
  readonly xattrs: Map<string, Buffer>
}

/** What a hook of a double does: ends with a code, or never. */
export type DoubleHook = number | 'hangs'

/** What a memory snapshot of a double holds, beside its processes. */
export interface GuestState {
  hostname: string
  machineId: string
  generation: number
  sshFingerprints: string[]
  mac: string
  address: string
  linkUp: boolean
  env: string[]
  secrets: string[]
  token: Buffer | undefined
  frozen: boolean
  /** How far the guest's clock is behind the one it was handed. */
  behindMs: number
  /** All randomness comes from these two: a clone draws the same bytes until it is given a seed of its own. */
  entropySeed: Buffer
  entropyDrawn: number
  readonly files: Map<string, DoubleFile>
  /** What the agent says it can do. */
  capabilities: readonly string[]
  /** What is in /etc/hearth/personalise.d, by name. */
  hooks: Readonly<Record<string, DoubleHook>>
}

const allCapabilities = ['pty', 'watch', 'freeze', 'dial', 'xattr', 'network', 'hooks']

/** The state of a guest that booted just now. */
export function freshState(
  {
    seed = 'seed',
    capabilities = allCapabilities,
    hooks = {},
  }: Partial<Pick<GuestState, 'capabilities' | 'hooks'>> & { seed?: string },
  nowMs: number,
): GuestState {
  const state: GuestState = {
    hostname: 'hearth',
    machineId: sha256(`machine-id ${seed}`).toString('hex').slice(0, 32),
    generation: 0,
    sshFingerprints: [],
    mac: '52:54:00:12:34:56',
    address: '10.0.2.15/24',
    linkUp: false,
    env: [],
    secrets: [],
    token: undefined,
    frozen: false,
    behindMs: 0,
    entropySeed: sha256(`entropy ${seed}`),
    entropyDrawn: 0,
    files: new Map(),
    capabilities,
    hooks,
  }
  for (const path of ['/', '/etc', '/root', '/srv', '/tmp']) state.files.set(path, newFile('directory', 0o755, nowMs))
  return state
}

/** A copy that shares nothing with `state`. */
export function copyState(state: GuestState): GuestState {
  const files = new Map<string, DoubleFile>()
  for (const [path, file] of state.files) files.set(path, { ...file, xattrs: new Map(file.xattrs) })
  return {
    ...state,
    files,
    env: [...state.env],
    secrets: [...state.secrets],
    sshFingerprints: [...state.sshFingerprints],
  }
}

export function newFile(kind: FileKind, mode: number, nowMs: number, content: Buffer = Buffer.alloc(0)): DoubleFile {
  return { kind, content, mode, uid: 0, gid: 0, mtimeMs: nowMs, xattrs: new Map() }
}

/** The next bytes of the guest's randomness (at most 32), which its state alone decides. */
export function drawRandom(state: GuestState, size: number): Buffer {
  state.entropyDrawn += 1
  return sha256(Buffer.concat([state.entropySeed, Buffer.from(` ${state.entropyDrawn}`)])).subarray(0, size)
}

/** Mixes in what nobody else was given. */
export function reseed(state: GuestState, entropy: Uint8Array): void {
  state.entropySeed = sha256(Buffer.concat([state.entropySeed, entropy]))
  state.entropyDrawn = 0
}

export function sha256(bytes: string | Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
