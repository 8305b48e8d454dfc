import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { hostTraces } from '../support/host-traces.ts'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'
import { askJson } from './support/memory-server.ts'

const program = fileURLToPath(import.meta.resolve('@hearth/server/main'))
let folder: ScratchFolder
let home: string
let children: ChildProcess[]
let launchers: number[]

beforeEach(async () => {
  folder = await scratchFolder()
  home = join(folder.path, 'home')
  children = []
  launchers = []
})
afterEach(async () => {
  for (const child of children) await killed(child)
  // That of a killed server would end by itself after a minute.
  for (const pid of launchers) if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGTERM')
  await folder[Symbol.asyncDispose]()
})

/** Starts the server as the command line does. */
function start(flags: string[] = [], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--conditions=hearth-source', program, '--ready-fd', '3', ...flags], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HEARTH_HOME: home, HEARTH_LOG: 'info', ...env },
  })
  children.push(child)
  const said: string[] = []
  createInterface({ input: child.stderr as Readable }).on('line', (line) => {
    said.push(line)
    const { event, pid } = line.startsWith('{') ? JSON.parse(line) : {}
    if (event === 'launcher.started') launchers.push(pid)
  })
  const ready = text(child.stdio[3] as Readable)
  const exit = once(child, 'exit').then(([code, signal]) => ({ code, signal, said: said.join('\n') }))
  return { child, said, ready, exit }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

it('says when it is ready, serves, and ends in order when told', async () => {
  const { child, ready, exit } = start()
  expect(JSON.parse(await ready)).toEqual({ ready: true, pid: child.pid, socket: join(home, 'hearth.sock') })
  expect(await askJson(home, 'GET', '/v1/system')).toMatchObject({ home, pid: child.pid, drivers: [{ name: 'qemu' }] })
  child.kill('SIGTERM')
  const { code, said } = await exit
  expect(code).toBe(0)
  expect(said).toMatch(/"event":"server.stopped"/)
  expect(existsSync(join(home, 'hearth.sock'))).toBe(false)
  await waitUntil('the end of the launcher, which has no machines', () => hostTraces(home).processes.length === 0)
})

it('serves although whoever started it has gone', async () => {
  const { child, said, ready, exit } = start()
  child.stdio[3]?.destroy()
  await expect(ready).rejects.toThrow('Premature close')
  await waitUntil('the server to be ready', () => said.some((line) => line.includes('"event":"server.ready"')))
  expect(await askJson(home, 'GET', '/healthz')).toEqual({ ok: true })
  child.kill('SIGTERM')
  expect(await exit).toMatchObject({ code: 0, said: expect.stringContaining('server.ready_unheard') })
})

it('ends when the API is asked', async () => {
  const { ready, exit } = start()
  await ready
  expect(await askJson(home, 'POST', '/v1/system/stop')).toEqual({ stopping: true })
  expect(await exit).toMatchObject({ code: 0 })
})

it('leaves a home to the server that has it, naming that, and takes it at once after kill -9', async () => {
  const first = start()
  await first.ready
  const second = start()
  expect(await second.ready).toBe('')
  const { code, said } = await second.exit
  expect(code).toBe(75)
  expect(said).toContain(`process ${first.child.pid} is the server of ${home} already`)
  expect(said).toContain('hearth server stop')
  expect(await askJson(home, 'GET', '/healthz')).toEqual({ ok: true })

  await killed(first.child)
  expect(existsSync(join(home, 'hearth.sock'))).toBe(true)
  const third = start()
  expect(JSON.parse(await third.ready)).toMatchObject({ pid: third.child.pid })
  expect(await askJson(home, 'GET', '/v1/system')).toMatchObject({ pid: third.child.pid })
})

it('has one winner when several start at once', async () => {
  const servers = [start(), start(), start()]
  const said = await Promise.all(servers.map((server) => server.ready))
  expect(said.filter((line) => line !== '')).toHaveLength(1)
  const losers = servers.filter((_, index) => said[index] === '')
  for (const loser of losers) expect(await loser.exit).toMatchObject({ code: 75 })
  expect(await askJson(home, 'GET', '/healthz')).toEqual({ ok: true })
})

it('does not start with a wrong setting, and says which', async () => {
  const wrong = start([], { HEARTH_LOG: 'loud' })
  expect(await wrong.exit).toMatchObject({ code: 1, said: expect.stringContaining('HEARTH_LOG: "loud" is not allowed; one of') })
  expect(await start(['--accel', 'gpu']).exit).toMatchObject({ code: 1, said: expect.stringContaining('--accel: "gpu"') })
  expect(existsSync(join(home, 'hearth.db'))).toBe(false)
})

it('does not start on a state database that it cannot read, and leaves it as it is', async () => {
  const first = start()
  await first.ready
  first.child.kill('SIGTERM')
  await first.exit
  const database = join(home, 'hearth.db')
  const damaged = Buffer.from('no database '.repeat(1000))
  writeFileSync(database, damaged)
  const second = await start().exit
  expect(second).toMatchObject({ code: 1, said: expect.stringContaining(database) })
  expect(readFileSync(database)).toEqual(damaged)
})
