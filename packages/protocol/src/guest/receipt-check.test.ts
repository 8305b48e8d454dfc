import { createHash } from 'node:crypto'
import type { AssignRequest, IdentifyRequest, ReceiptItem, ReceiptItemName } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { verifyReceipt } from './receipt-check.ts'
import { generateSshHostKey, sshFingerprint } from './ssh-host-key.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const wallClockMs = 1_795_400_000_000
const keys = [generateSshHostKey(), generateSshHostKey()]

const identify: IdentifyRequest = {
  generation: 4,
  entropy: Buffer.alloc(64, 1),
  wallClockMs,
  machineUuid: '0123456789abcdef0123456789abcdef',
  sshHostKeys: keys,
  mac: '02:a1:b2:c3:d4:e5',
  network: { address: '10.77.3.15/24', gateway: '10.77.3.2', dns: '10.77.3.3' },
}
const assign: AssignRequest = {
  entropy: Buffer.alloc(64, 2),
  wallClockMs,
  hostname: 'box-1',
  env: { A: '1', B: '2' },
  secrets: { KEY: 'v' },
  files: [
    { path: '/a', mode: 0o644, content: Buffer.from('one') },
    { path: '/b', mode: 0o600, content: Buffer.from('two') },
  ],
  token: 'token-of-sixteen',
  linkUp: true,
  hooks: { reason: 'warm', eachMs: 2_000, totalMs: 4_000 },
}

const done = (name: ReceiptItemName, evidence: string): ReceiptItem => ({ name, status: 'done', evidence })
const identified = [
  done('entropy', '00112233445566778899aabbccddeeff'),
  done('clock', `-75012 ${wallClockMs + 3}`),
  done('machine_id', identify.machineUuid),
  done('ssh_host_keys', keys.map((key) => sshFingerprint(key.publicKey)).join(' ')),
  done('mac', '02:a1:b2:c3:d4:e5'),
  done('address', '10.77.3.15/24'),
  done('generation', '4'),
]
const assigned = [
  done('clock', `0 ${wallClockMs}`),
  done('entropy', 'ffeeddccbbaa99887766554433221100'),
  done('hostname', 'box-1'),
  done('env', '2'),
  done('secrets', '1'),
  done('files', sha256('onetwo')),
  done('token', sha256('token-of-sixteen')),
  done('link', 'up'),
  done('hooks', '10-keys=0 20-cache.sh=0'),
]

const withItem = (items: readonly ReceiptItem[], name: string, change: Partial<ReceiptItem>) =>
  items.map((item) => (item.name === name ? { ...item, ...change } : item))

describe('an honest receipt', () => {
  it('is proven', () => {
    expect(verifyReceipt('identify', identify, identified)).toEqual([])
    expect(verifyReceipt('assign', assign, assigned)).toEqual([])
  })

  it('may lack SSH keys, what was not asked for, and the network of a guest that has none', () => {
    const lacking = (names: string[]) =>
      identified.map((item) => (names.includes(item.name) ? { ...item, status: 'not_applicable' as const, evidence: '' } : item))
    expect(verifyReceipt('identify', identify, lacking(['ssh_host_keys']))).toEqual([])
    const { mac: _mac, network: _network, ...alone } = identify
    expect(verifyReceipt('identify', alone, lacking(['mac', 'address']))).toEqual([])
    expect(verifyReceipt('identify', identify, lacking(['mac', 'address']), ['pty'])).toEqual([])
    expect(verifyReceipt('assign', assign, withItem(assigned, 'link', { status: 'not_applicable' }), ['hooks'])).toEqual([])
  })

  it('has hooks only when they were asked for, of an agent that knows them', () => {
    const before = assigned.filter((item) => item.name !== 'hooks')
    const { hooks: _hooks, ...unasked } = assign
    expect(verifyReceipt('assign', assign, before, ['network'])).toEqual([])
    expect(verifyReceipt('assign', unasked, before, ['network', 'hooks'])).toEqual([])
    expect(verifyReceipt('assign', assign, before, ['network', 'hooks'])).toEqual(['hooks: is missing'])
    expect(verifyReceipt('assign', assign, assigned, ['network'])).toEqual(['hooks: does not belong to assign'])
    expect(verifyReceipt('assign', assign, withItem(assigned, 'hooks', { evidence: 'none' }), ['network', 'hooks'])).toEqual([])
  })
})

const identifyLies: [ReceiptItemName, string, string][] = [
  ['entropy', '00000000000000000000000000000000', 'is not random'],
  ['entropy', 'abababababababababababababababab', 'is not random'],
  ['entropy', '00112233', '32 hex digits are due'],
  ['entropy', '00112233445566778899AABBCCDDEEFF', '32 hex digits are due'],
  ['clock', `0 ${wallClockMs - 75_012}`, 'is -75012 ms off after the step'],
  ['clock', `0 ${wallClockMs + 2_001}`, 'is 2001 ms off'],
  ['clock', '', 'a difference and a time are due'],
  ['clock', '0 NaN', 'a difference and a time are due'],
  ['machine_id', 'ffffffffffffffffffffffffffffffff', 'reads back "ffffffffffffffffffffffffffffffff"'],
  ['ssh_host_keys', sshFingerprint(keys[0]?.publicKey ?? ''), 'where "SHA256:'],
  ['ssh_host_keys', '', 'where "SHA256:'],
  ['mac', '02:a1:b2:c3:d4:e6', 'reads back'],
  ['address', '10.77.3.15/16', 'reads back'],
  ['generation', '3', 'reads back "3" where "4" is due'],
]
const assignLies: [ReceiptItemName, string, string][] = [
  ['clock', `12 ${wallClockMs - 10_000}`, 'is -10000 ms off'],
  ['entropy', 'ffffffffffffffffffffffffffffffff', 'is not random'],
  ['hostname', 'template', 'reads back "template" where "box-1" is due'],
  ['env', '1', 'reads back "1" where "2" is due'],
  ['secrets', '0', 'reads back'],
  ['files', sha256('twoone'), 'reads back'],
  ['token', sha256('another-token-16'), 'reads back'],
  ['link', 'down', 'reads back "down" where "up" is due'],
  ['hooks', '10-keys=0 20-cache.sh=1', 'where NAME=0 of each hook is due'],
  ['hooks', '10-keys=0 20-cache.sh=137', 'where NAME=0 of each hook is due'],
  ['hooks', '', 'where NAME=0 of each hook is due'],
  ['hooks', 'none 10-keys=0', 'where NAME=0 of each hook is due'],
]

describe('a lying receipt', () => {
  it.each(identifyLies)('identify: %s that reads back %j is seen', (name, evidence, words) => {
    expect(verifyReceipt('identify', identify, withItem(identified, name, { evidence }))).toEqual([
      expect.stringMatching(new RegExp(`^${name}: `)),
    ])
    expect(verifyReceipt('identify', identify, withItem(identified, name, { evidence }))[0]).toContain(words)
  })

  it.each(assignLies)('assign: %s that reads back %j is seen', (name, evidence, words) => {
    const problems = verifyReceipt('assign', assign, withItem(assigned, name, { evidence }))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(words)
  })

  it('that claims to have a network nobody asked for is seen', () => {
    const { mac: _mac, ...alone } = identify
    expect(verifyReceipt('identify', alone, identified)).toEqual([
      'mac: was not asked for and is said to be done, as "02:a1:b2:c3:d4:e5"',
    ])
  })
})

describe('a partial receipt', () => {
  it.each(identified.map((item) => item.name))('identify without %s, with it failed, lacking or twice is seen', (name) => {
    const without = identified.filter((item) => item.name !== name)
    expect(verifyReceipt('identify', identify, without)).toEqual([`${name}: is missing`])
    const failed = withItem(identified, name, { status: 'failed', detail: 'EPERM' })
    expect(verifyReceipt('identify', identify, failed)).toEqual([`${name}: failed, EPERM`])
    const twice = [...identified, ...identified.filter((item) => item.name === name)]
    expect(verifyReceipt('identify', identify, twice)).toEqual([`${name}: comes 2 times`])
    if (name === 'ssh_host_keys') return
    const lacking = withItem(identified, name, { status: 'not_applicable' })
    expect(verifyReceipt('identify', identify, lacking)).toEqual([`${name}: was asked for and is said to be not applicable`])
  })

  it.each(assigned.map((item) => item.name))('assign without %s, with it failed or lacking is seen', (name) => {
    const without = assigned.filter((item) => item.name !== name)
    expect(verifyReceipt('assign', assign, without)).toEqual([`${name}: is missing`])
    expect(verifyReceipt('assign', assign, withItem(assigned, name, { status: 'failed' }))).toEqual([`${name}: failed`])
    expect(verifyReceipt('assign', assign, withItem(assigned, name, { status: 'not_applicable' }))).toHaveLength(1)
  })

  it('is seen when it is empty, or has items of the other part', () => {
    expect(verifyReceipt('identify', identify, [])).toHaveLength(7)
    expect(verifyReceipt('assign', assign, [])).toHaveLength(9)
    expect(verifyReceipt('identify', identify, [...identified, ...assigned.slice(2, 3)])).toEqual([
      'hostname: does not belong to identify',
    ])
  })
})
