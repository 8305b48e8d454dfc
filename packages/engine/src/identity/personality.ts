import type {
  AssignRequest,
  Clock,
  Egress,
  HookReason,
  IdentifyRequest,
  InjectedFile,
  NetworkIdentity,
  RandomBytes,
} from '@hearth/model'
import type { SshHostKey } from '../parts.ts'

/** How long hooks in the guest may take; together they end before a claim gives up. */
const hookLimits = { eachMs: 2_000, totalMs: 4_000 }

/** Everything a machine is given of its own, drawn before its guest is met. */
export interface Personality {
  readonly machineUuid: string
  readonly hostname: string
  readonly network: NetworkIdentity
  readonly egress: Egress
  readonly env: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly files: readonly InjectedFile[]
  readonly token: string
}

export interface IdentitySources {
  readonly clock: Clock
  readonly random: RandomBytes
  readonly newSshHostKey: () => SshHostKey
}

/** 32 lower-case hex digits. */
export function newMachineUuid(random: RandomBytes): string {
  return Buffer.from(random(16)).toString('hex')
}

/** The secret by which the host's later sessions are known to the agent. */
export function newToken(random: RandomBytes): string {
  return Buffer.from(random(32)).toString('hex')
}

export function identifyRequest(who: Personality, sources: IdentitySources, sshHostKeys: readonly SshHostKey[]): IdentifyRequest {
  return {
    generation: Buffer.from(sources.random(6)).readUIntBE(0, 6),
    entropy: sources.random(64),
    wallClockMs: sources.clock.now(),
    machineUuid: who.machineUuid,
    sshHostKeys,
    mac: who.network.mac,
    network: { address: who.network.address, gateway: who.network.gateway, dns: who.network.dns },
  }
}

export function assignRequest(
  who: Personality,
  sources: Pick<IdentitySources, 'clock' | 'random'>,
  reason: HookReason,
): AssignRequest {
  return {
    entropy: sources.random(64),
    wallClockMs: sources.clock.now(),
    hostname: who.hostname,
    env: who.env,
    secrets: who.secrets,
    files: who.files,
    token: who.token,
    linkUp: who.egress !== 'none',
    hooks: { ...hookLimits, reason },
  }
}
