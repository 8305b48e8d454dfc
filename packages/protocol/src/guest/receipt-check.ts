import { createHash } from 'node:crypto'
import { type AssignRequest, type IdentifyRequest, type ReceiptItem, type ReceiptItemName, receiptItems } from '@hearth/model'
import { sshFingerprint } from './ssh-host-key.ts'

/** The guest's clock may differ from what it was given by this much, in milliseconds. */
const clockToleranceMs = 2_000

/** What an item has to say: returns what is wrong with its evidence, or nothing. */
type Check = (evidence: string) => string | undefined

interface Expectation {
  readonly check: Check
  /** Whether `not_applicable` is an honest answer. */
  readonly mayLack: boolean
}

/**
 * Whether the guest did what it was asked, by its own reading back: every item there once, none failed, each evidence what was
 * asked for. Returns the problems in words; empty means proven.
 *
 * `capabilities` are those of the guest's hello: without `network` it has no MAC, address and link to show, without `hooks` it is of
 * a time before hooks. When they are not given, it must have them.
 */
export function verifyReceipt(
  part: 'identify',
  request: IdentifyRequest,
  items: readonly ReceiptItem[],
  capabilities?: readonly string[],
): string[]
export function verifyReceipt(
  part: 'assign',
  request: AssignRequest,
  items: readonly ReceiptItem[],
  capabilities?: readonly string[],
): string[]
export function verifyReceipt(
  part: 'identify' | 'assign',
  request: IdentifyRequest | AssignRequest,
  items: readonly ReceiptItem[],
  capabilities?: readonly string[],
): string[] {
  const has = (capability: string) => capabilities === undefined || capabilities.includes(capability)
  const expected =
    part === 'identify'
      ? identifyExpectations(request as IdentifyRequest, has('network'))
      : assignExpectations(request as AssignRequest, has('network'), has('hooks'))
  const problems = receiptItems[part].flatMap((name) => itemProblems(name, expected[name], items))
  const foreign = items.filter((item) => !Object.hasOwn(expected, item.name))
  return [...problems, ...foreign.map((item) => `${item.name}: does not belong to ${part}`)]
}

function itemProblems(name: ReceiptItemName, expected: Expectation | undefined, items: readonly ReceiptItem[]): string[] {
  if (expected === undefined) return []
  const found = items.filter((item) => item.name === name)
  const [item] = found
  if (item === undefined) return [`${name}: is missing`]
  if (found.length > 1) return [`${name}: comes ${found.length} times`]
  if (item.status === 'failed') return [`${name}: failed${item.detail === undefined ? '' : `, ${item.detail}`}`]
  if (item.status === 'not_applicable') return expected.mayLack ? [] : [`${name}: was asked for and is said to be not applicable`]
  const problem = expected.check(item.evidence)
  return problem === undefined ? [] : [`${name}: ${problem}`]
}

type Expectations = Partial<Record<ReceiptItemName, Expectation>>

function identifyExpectations(request: IdentifyRequest, network: boolean): Expectations {
  const fingerprints = request.sshHostKeys.map((key) => sshFingerprint(key.publicKey)).join(' ')
  return {
    entropy: must(freshRandomness),
    clock: must(clockNear(request.wallClockMs)),
    machine_id: must(equals(request.machineUuid)),
    // An image without an SSH server has no /etc/ssh to put them into.
    ssh_host_keys: may(equals(fingerprints)),
    mac: request.mac === undefined ? may(unasked) : { check: equals(request.mac), mayLack: !network },
    address: request.network === undefined ? may(unasked) : { check: equals(request.network.address), mayLack: !network },
    generation: must(equals(String(request.generation))),
  }
}

function assignExpectations(request: AssignRequest, network: boolean, hooks: boolean): Expectations {
  const content = createHash('sha256')
  for (const file of request.files) content.update(file.content)
  return {
    clock: must(clockNear(request.wallClockMs)),
    entropy: must(freshRandomness),
    hostname: must(equals(request.hostname)),
    env: must(equals(String(Object.keys(request.env).length))),
    secrets: must(equals(String(Object.keys(request.secrets).length))),
    files: must(equals(content.digest('hex'))),
    token: must(equals(createHash('sha256').update(request.token, 'utf8').digest('hex'))),
    link: { check: equals(request.linkUp ? 'up' : 'down'), mayLack: !network },
    ...(hooks && request.hooks && { hooks: must(endedWell) }),
  }
}

function must(check: Check): Expectation {
  return { check, mayLack: false }
}

function may(check: Check): Expectation {
  return { check, mayLack: true }
}

function equals(due: string): Check {
  return (evidence) => (evidence === due ? undefined : `reads back ${shown(evidence)} where ${shown(due)} is due`)
}

const unasked: Check = (evidence) => `was not asked for and is said to be done, as ${shown(evidence)}`

/** 16 bytes drawn after the change. Their freshness cannot be seen from one clone; that they are no constant can. */
const freshRandomness: Check = (evidence) => {
  if (!/^[0-9a-f]{32}$/.test(evidence)) return `shows ${shown(evidence)} where 32 hex digits are due`
  return /^(..)\1{15}$/.test(evidence) ? `shows ${shown(evidence)}, which is not random` : undefined
}

/** `none`, or `NAME=CODE` of each hook. */
const endedWell: Check = (evidence) =>
  /^(none|[\w.-]{1,64}=0( [\w.-]{1,64}=0){0,31})$/.test(evidence)
    ? undefined
    : `shows ${shown(evidence)} where NAME=0 of each hook is due`

/** `DELTA WALLCLOCK`, both in ms: how far the clock was off, and what it says after the step. */
function clockNear(wallClockMs: number): Check {
  return (evidence) => {
    const parts = /^(-?\d{1,15}) (\d{1,15})$/.exec(evidence)
    if (parts === null) return `shows ${shown(evidence)} where a difference and a time are due`
    const off = Math.round(Number(parts[2]) - wallClockMs)
    return Math.abs(off) <= clockToleranceMs ? undefined : `is ${off} ms off after the step`
  }
}

function shown(text: string): string {
  return JSON.stringify(text.length <= 80 ? text : `${text.slice(0, 77)}...`)
}
