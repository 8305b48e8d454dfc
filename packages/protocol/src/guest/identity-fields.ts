import {
  type AssignRequest,
  type IdentifyRequest,
  type ReceiptItem,
  type ReceiptItemName,
  receiptItems,
  type ThawRequest,
} from '@hearth/model'
import { guestProtocol } from './guest-errors.ts'

const statuses = ['done', 'not_applicable', 'failed'] as const
const known: ReadonlySet<string> = new Set([...receiptItems.identify, ...receiptItems.assign])

interface ReceiptFields {
  readonly items: readonly {
    readonly name: string
    readonly status: number
    readonly evidence: string
    readonly detail?: string | undefined
  }[]
}

/** IDENTIFY's fields. @throws `invalid_input` for a MAC that is none */
export function identifyFields(request: IdentifyRequest) {
  return {
    generation: request.generation,
    entropy: request.entropy,
    wallClockNs: nanoseconds(request.wallClockMs),
    machineId: request.machineUuid,
    sshHostKeys: request.sshHostKeys,
    mac: request.mac === undefined ? undefined : Buffer.from(request.mac.replaceAll(':', ''), 'hex'),
    address: request.network?.address,
    gateway: request.network?.gateway,
    dns: request.network?.dns,
  }
}

/** ASSIGN's fields. */
export function assignFields(request: AssignRequest) {
  return {
    entropy: request.entropy,
    wallClockNs: nanoseconds(request.wallClockMs),
    hostname: request.hostname,
    env: assignments(request.env),
    secrets: assignments(request.secrets),
    files: request.files,
    token: Buffer.from(request.token, 'utf8'),
    linkUp: request.linkUp,
    hooks: request.hooks,
  }
}

/** THAW's fields. */
export function thawFields(request: ThawRequest) {
  return {
    env: assignments(request.env ?? {}),
    secrets: assignments(request.secrets ?? {}),
    token: request.token === undefined ? undefined : Buffer.from(request.token, 'utf8'),
  }
}

/** The items of a receipt; names that this host does not know are skipped. @throws `guest_protocol` */
export function receiptItemsOf(fields: ReceiptFields): ReceiptItem[] {
  return fields.items
    .filter((item) => known.has(item.name))
    .map(({ name, status, evidence, detail }) => {
      const word = statuses[status]
      if (word === undefined) throw guestProtocol(`status ${status} of receipt item ${name}`)
      const item = { name: name as ReceiptItemName, status: word, evidence }
      return detail === undefined ? item : { ...item, detail }
    })
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n
}

function assignments(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).map(([key, value]) => `${key}=${value}`)
}
