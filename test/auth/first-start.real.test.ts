import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { askJson } from '../server/support/memory-server.ts'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'

const program = fileURLToPath(import.meta.resolve('@hearth/server/main'))
let folder: ScratchFolder
let home: string
let child: ChildProcess | undefined

beforeEach(async () => {
  folder = await scratchFolder()
  home = join(folder.path, 'home')
})
afterEach(async () => {
  if (child?.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit')
  await folder[Symbol.asyncDispose]()
})

/** Starts the server's own process; `url` is that of its TCP address. */
async function start(...flags: string[]) {
  const args = ['--conditions=hearth-source', program, '--ready-fd', '3', '--drivers', 'memory', ...flags]
  const env = { PATH: process.env.PATH, HEARTH_HOME: home, HEARTH_LOG: 'debug' }
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], env })
  child = started
  const said: string[] = []
  createInterface({ input: started.stderr as Readable }).on('line', (line) => said.push(line))
  const exit = once(started, 'exit')
  const ready = await text(started.stdio[3] as Readable)
  const event = (name: string) => said.filter((line) => line.includes(`"${name}"`)).map((line) => JSON.parse(line))
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    started.kill(signal)
    const [code] = await exit
    return code
  }
  return { said, ready, event, stop, exit, url: () => event('server.ready')[0]?.url as string }
}

const file = () => join(home, 'keys/admin')
const ask = async (url: string, key: string) =>
  (await fetch(`${url}/v1/keys`, { headers: { authorization: `Bearer ${key}` } })).status

it('makes a key for its owner, says where it is, and shows it to nobody', async () => {
  const first = await start('--listen', '127.0.0.1:0')
  const key = readFileSync(file(), 'utf8').trim()
  expect(key).toMatch(/^hearth_[0-9a-f]{40}$/)
  expect([statSync(file()).mode & 0o777, statSync(join(home, 'keys')).mode & 0o777]).toEqual([0o600, 0o700])
  expect(first.event('auth.first_key')).toMatchObject([{ file: file(), use: `HEARTH_API_KEY=$(cat ${file()})` }])
  expect(await ask(first.url(), key)).toBe(200)
  expect(await ask(first.url(), `hearth_${'0'.repeat(40)}`)).toBe(401)
  expect(await first.stop()).toBe(0)
  expect(first.said.length).toBeGreaterThan(3)
  for (const line of first.said) expect(line).not.toContain(key.slice(16))
  for (const name of ['hearth.db', 'hearth.db-wal']) {
    if (existsSync(join(home, name))) expect(readFileSync(join(home, name)).includes(key.slice(16))).toBe(false)
  }
})

it('makes it once, also when it is killed and when all keys are revoked', async () => {
  const first = await start('--listen', '127.0.0.1:0')
  const key = readFileSync(file(), 'utf8').trim()
  await first.stop('SIGKILL')
  const second = await start('--listen', '127.0.0.1:0')
  expect([readFileSync(file(), 'utf8').trim(), await ask(second.url(), key)]).toEqual([key, 200])
  const { items } = (await askJson(home, 'GET', '/v1/keys')) as { items: { id: string }[] }
  for (const { id } of items) await askJson(home, 'DELETE', `/v1/keys/${id}`)
  expect(await ask(second.url(), key)).toBe(401)
  await second.stop()
  rmSync(file())
  const third = await start()
  expect([existsSync(file()), third.event('auth.first_key')]).toEqual([false, []])
  expect(await third.stop()).toBe(0)
})

it.each([
  [['--listen', '0.0.0.0:0'], 'set tlsCert and tlsKey, or insecureListen'],
  [['--listen', '0.0.0.0:0', '--tls-cert', '/nowhere/c', '--tls-key', '/nowhere/k'], '/nowhere/c cannot be read'],
])('does not start with %j', async (flags, message) => {
  const { exit, said, ready } = await start(...flags)
  expect([ready, (await exit)[0]]).toEqual(['', 1])
  expect(said.join('\n')).toContain(message)
})
