import type { Clock } from '@hearth/model'
import type { FieldList } from '../../fields/field-list.ts'
import type { methods } from '../messages.ts'
import { sshFingerprint } from '../ssh-host-key.ts'
import { drawRandom, type GuestState, newFile, reseed, sha256 } from './guest-state.ts'

type Fields<L> = L extends FieldList<infer T> ? T : never
type IdentifyFields = Fields<typeof methods.identify.request>
type AssignFields = Fields<typeof methods.assign.request>

/** One item of a receipt as it travels: status 0 done, 1 not applicable, 2 failed. */
export interface WireItem {
  readonly name: string
  readonly status: number
  readonly evidence: string
  readonly detail?: string | undefined
}

/** Does what IDENTIFY asks, and reads it back. */
export function identify(state: GuestState, clock: Clock, request: IdentifyFields): WireItem[] {
  const entropy = takeEntropy(state, request.entropy)
  const stepped = stepClock(state, clock, request.wallClockNs)
  state.machineId = request.machineId
  putFile(state, clock, '/etc/machine-id', `${request.machineId}\n`)
  state.sshFingerprints = request.sshHostKeys.map((key) => sshFingerprint(key.publicKey))
  if (request.mac !== undefined) state.mac = Buffer.from(request.mac).toString('hex').match(/../g)?.join(':') ?? ''
  if (request.address !== undefined) state.address = request.address
  state.generation = request.generation
  return [
    entropy,
    stepped,
    done('machine_id', state.machineId),
    request.sshHostKeys.length === 0 ? lacking('ssh_host_keys') : done('ssh_host_keys', state.sshFingerprints.join(' ')),
    request.mac === undefined ? lacking('mac') : done('mac', state.mac),
    request.address === undefined ? lacking('address') : done('address', state.address),
    done('generation', String(state.generation)),
  ]
}

/** Does what ASSIGN asks, and reads it back. */
export function assign(state: GuestState, clock: Clock, request: AssignFields): WireItem[] {
  const stepped = stepClock(state, clock, request.wallClockNs)
  const entropy = takeEntropy(state, request.entropy)
  state.hostname = request.hostname
  state.env = [...request.env]
  state.secrets = [...request.secrets]
  for (const file of request.files) putFile(state, clock, file.path, file.content, file.mode)
  state.token = Buffer.from(request.token)
  state.linkUp = request.linkUp
  return [
    stepped,
    entropy,
    done('hostname', state.hostname),
    done('env', String(state.env.length)),
    done('secrets', String(state.secrets.length)),
    done('files', sha256(Buffer.concat(request.files.map((file) => file.content))).toString('hex')),
    done('token', sha256(state.token).toString('hex')),
    done('link', state.linkUp ? 'up' : 'down'),
  ]
}

/** What the guest's own clock says, in milliseconds. */
export function guestNow(state: GuestState, clock: Clock): number {
  return clock.now() - state.behindMs
}

function takeEntropy(state: GuestState, entropy: Uint8Array): WireItem {
  reseed(state, entropy)
  return done('entropy', drawRandom(state, 16).toString('hex'))
}

function stepClock(state: GuestState, clock: Clock, wallClockNs: bigint): WireItem {
  const given = Number(wallClockNs / 1_000_000n)
  const delta = Math.round(guestNow(state, clock) - given)
  if (Math.abs(delta) > 50) state.behindMs = clock.now() - given
  return done('clock', `${delta} ${Math.round(guestNow(state, clock))}`)
}

function putFile(state: GuestState, clock: Clock, path: string, content: string | Uint8Array, mode = 0o644): void {
  const now = guestNow(state, clock)
  for (let end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
    const parent = path.slice(0, end)
    if (!state.files.has(parent)) state.files.set(parent, newFile('directory', 0o755, now))
  }
  state.files.set(path, newFile('file', mode, now, Buffer.from(content)))
}

function done(name: string, evidence: string): WireItem {
  return { name, status: 0, evidence }
}

function lacking(name: string): WireItem {
  return { name, status: 1, evidence: '', detail: 'not asked for' }
}
