import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { hostTraces, leftBehind, noTraces } from './host-traces.ts'
import { isAlive, livingProcesses } from './process-list.ts'
import { scratchFolder } from './scratch-folder.ts'
import { waitUntil } from './wait-until.ts'

it('removes a scratch folder with what is in it', async () => {
  let path: string
  {
    await using folder = await scratchFolder()
    path = folder.path
    writeFileSync(join(path, 'file'), '')
  }
  expect(existsSync(path)).toBe(false)
})

it('waits for a condition and returns what it gave', async () => {
  let looks = 0
  await expect(waitUntil('the third look', () => ++looks === 3 && 'seen', { everyMs: 1 })).resolves.toBe('seen')
})

it('says what was waited for in vain, and why', async () => {
  const broken = () => {
    throw new Error('not yet')
  }
  const waiting = waitUntil('the guest', broken, { signal: AbortSignal.timeout(20), everyMs: 1 })
  await expect(waiting).rejects.toMatchObject({
    message: expect.stringMatching(/^waited \d+ ms for the guest/),
    cause: new Error('not yet'),
  })
})

it('sees a process, a socket, a lock and a file that are left, and that they go', async () => {
  await using folder = await scratchFolder()
  const before = hostTraces(folder.path)
  const socket = join(folder.path, 'socket')
  const server = createServer().listen(socket)
  await once(server, 'listening')
  const lock = join(folder.path, 'lock')
  writeFileSync(lock, '')
  const child = spawn('flock', [lock, 'sleep', '60'], { stdio: 'ignore' })
  await waitUntil('the lock', () => hostTraces(folder.path).locks.length > 0)

  const left = leftBehind(before, hostTraces(folder.path))
  expect(left.processes.join('\n')).toContain(`${child.pid} `)
  expect(left).toMatchObject({ sockets: [socket], locks: [expect.stringContaining('FLOCK')], mounts: [], files: [lock, socket] })

  const sleeper = livingProcesses().find(({ argv }) => argv.join(' ') === 'sleep 60')
  child.kill()
  server.close()
  await once(child, 'exit')
  if (sleeper) process.kill(sleeper.pid)
  await waitUntil('the end of all', () => leftBehind(before, hostTraces(folder.path)).processes.length === 0)
  expect(leftBehind(before, hostTraces(folder.path))).toEqual({ ...noTraces, files: [lock] })
})

it('takes a zombie for gone, and a later process of the same pid for another', async () => {
  const child = spawn('sh', ['-c', 'sleep 0 & exec sleep 60'], { stdio: 'ignore' })
  await once(child, 'spawn')
  const shell = await waitUntil('sleep', () =>
    livingProcesses().find(({ pid, argv }) => pid === child.pid && argv[0] === 'sleep'),
  )
  // The inner sleep has ended and nobody collects it.
  await waitUntil('the zombie', () => livingProcesses().every(({ argv }) => argv.join(' ') !== 'sleep 0'))
  expect(isAlive(shell as { pid: number; startTime: number })).toBe(true)
  expect(isAlive({ pid: child.pid as number, startTime: 1 })).toBe(false)
  child.kill()
  await once(child, 'exit')
  expect(isAlive(shell as { pid: number; startTime: number })).toBe(false)
})
