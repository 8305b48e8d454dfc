/**
 * A host of the test's own, to be run in network and mount namespaces of its own: `unshare --net --mount node test-host.ts --home HOME`.
 * It has an outside address, a metadata address and a resolver on its loopback, starts the server of HOME there, and prints a line for
 * each connection that anything makes to it.
 */
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { hearthProgram } from '../../cli/support/cli-bed.ts'
import { testHost } from './test-host-addresses.ts'

const { home = '' } = parseArgs({ options: { home: { type: 'string' } } }).values

const ip = (...args: string[]) => execFileSync('/usr/sbin/ip', args)
ip('link', 'set', 'lo', 'up')
for (const address of [testHost.outside, testHost.metadata]) ip('address', 'add', `${address}/32`, 'dev', 'lo')

const resolvConf = join(home, 'resolv.conf')
writeFileSync(resolvConf, `nameserver ${testHost.resolver}\n`)
execFileSync('/usr/bin/mount', ['--bind', resolvConf, '/etc/resolv.conf'])

for (const address of ['127.0.0.1', testHost.outside, testHost.metadata]) {
  const server = createServer((socket) => {
    console.log(address)
    socket.on('error', () => undefined)
    socket.end(`${testHost.greeting} from ${address}\n`)
  })
  await once(server.listen(testHost.port, address), 'listening')
}

const resolver = createSocket('udp4')
resolver.on('message', (query, from) => resolver.send(answerTo(query), from.port, from.address))
await once(resolver.bind(53, testHost.resolver), 'listening')

execFileSync(process.execPath, [hearthProgram, 'ls'], { env: { ...process.env, HEARTH_HOME: home } })
console.log('ready')

/** Every name has the outside address, and no other (RFC 1035, section 4). */
function answerTo(query: Buffer): Buffer {
  const questionEnd = query.indexOf(0, 12) + 5
  const wantsAddress = query.readUInt16BE(questionEnd - 4) === 1
  const header = Buffer.concat([query.subarray(0, 2), Buffer.from([0x81, 0x80, 0, 1, 0, wantsAddress ? 1 : 0, 0, 0, 0, 0])])
  const address = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...testHost.outside.split('.').map(Number)])
  return Buffer.concat([header, query.subarray(12, questionEnd), ...(wantsAddress ? [address] : [])])
}
