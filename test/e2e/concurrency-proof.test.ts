import type { ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Machine } from '@hearth/sdk'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { OnTerminal } from '../cli/support/on-terminal.ts'
import { waitUntil } from '../support/wait-until.ts'
import { HearthHome } from './support/hearth-home.ts'
import { guestProcesses, inGuest } from './support/in-guest.ts'

const execs = 8
const copiedMiB = 500
const mib = 1024 ** 2

let home: HearthHome
let machine: Machine
let scratch: string
let big: string
let bigSha256: string
let small: string
let smallSha256: string

beforeAll(async () => {
  home = await HearthHome.make()
  scratch = await mkdtemp(join(tmpdir(), 'he-files-'))
  big = join(scratch, 'big')
  bigSha256 = await writeRandom(big, copiedMiB)
  small = join(scratch, 'small')
  smallSha256 = await writeRandom(small, 60)
  await home.said('template', 'build', 'base', 'builtin:base')
})
afterAll(async () => {
  await home[Symbol.asyncDispose]()
  await rm(scratch, { recursive: true, force: true })
})
beforeEach(async () => {
  machine = await (await home.client()).launch('base', { name: 'm' })
})
afterEach(() => machine.remove())

it('serves eight execs, a terminal and a copy of 500 MB at once, each from a process of its own', async () => {
  const copy = home.begin(['cp', big, 'm:/root/big'])
  const terminal = new OnTerminal(home.path, 'stty cols 91 rows 17; hearth exec -it m sh')
  const runs = Array.from({ length: execs }, (_, index) => {
    const input = randomBytes(mib)
    const run = home.begin(['exec', '-i', 'm', '--', 'sh', '-c', `cat; echo ${index} >&2; exit ${index}`], { input })
    return { run, input, index }
  })
  for (const { run, input, index } of runs) {
    const { code, stdout, stderr } = await run.ended
    expect({ code, stderr }).toEqual({ code: index, stderr: `${index}\n` })
    // Text by now, so compared as text.
    expect(stdout === input.toString()).toBe(true)
  }
  terminal.type('stty size; exit 3\n')
  await terminal.shows('17 91')
  expect(await terminal.exitCode()).toBe(3)
  expect(await copy.ended).toMatchObject({ code: 0 })
  expect(await inGuest(machine, 'sha256sum < /root/big')).toContain(bigSha256)

  const back = join(scratch, 'back')
  await home.said('cp', 'm:/root/big', back)
  expect(await sha256Of(back)).toBe(bigSha256)
})

it.each(['exec', 'terminal', 'copy'] as const)(
  'leaves the others alone and runs nothing of it when the process of an %s is killed',
  async (kind) => {
    const limit = { signal: AbortSignal.timeout(60_000) }
    const began = {
      exec: home.begin(['exec', '-i', 'm', '--', 'sleep', '7001'], { keepOpen: true }),
      terminal: new OnTerminal(home.path, 'exec hearth exec -it m sleep 7002'),
      copy: home.begin(['cp', kind === 'copy' ? big : small, 'm:/root/copy']),
      other: home.begin(['exec', '-i', 'm', '--', 'cat'], { keepOpen: true }),
    }
    const names = { exec: 'sleep 7001', terminal: 'sleep 7002', copy: undefined } as const
    await waitUntil(
      'what was begun',
      async () => {
        const { said, files } = await within()
        return said.includes('sleep 7001') && said.includes('sleep 7002') && said.includes('cat') && files !== ''
      },
      limit,
    )
    await kill(began[kind].child)

    const gone = names[kind]
    if (gone !== undefined) await waitUntil('its end in the guest', async () => !(await within()).said.includes(gone), limit)
    const others = Object.values(names).filter((name) => name !== undefined && name !== gone)
    const { said } = await within()
    for (const name of others) expect(said).toContain(name)
    if (kind === 'copy') {
      await waitUntil('the end of what was half copied', async () => (await within()).files === '', limit)
    } else {
      expect(await began.copy.ended).toMatchObject({ code: 0 })
      expect(await inGuest(machine, 'sha256sum < /root/copy')).toContain(smallSha256)
    }
    began.other.child.stdin?.end('still here\n')
    expect(await began.other.ended).toMatchObject({ code: 0, stdout: 'still here\n' })

    for (const { child } of Object.values(began)) await kill(child)
    await waitUntil('the end of all', async () => !/^sleep|^cat/m.test((await within()).said.join('\n')), limit)
  },
)

/** Kills a command, or the terminal in which it runs: the command is then killed by nobody, but has lost its terminal. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** The processes of the machine, and the names in the folder that is copied to. */
async function within(): Promise<{ said: string[]; files: string }> {
  return { said: await guestProcesses(machine), files: await inGuest(machine, 'ls -A /root') }
}

async function writeRandom(path: string, sizeMiB: number): Promise<string> {
  const hash = createHash('sha256')
  const file = createWriteStream(path)
  const chunk = randomBytes(mib)
  for (let index = 0; index < sizeMiB; index++) {
    chunk.writeUInt32BE(index)
    hash.update(chunk)
    if (!file.write(Buffer.from(chunk))) await once(file, 'drain')
  }
  file.end()
  await once(file, 'close')
  return hash.digest('hex')
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
