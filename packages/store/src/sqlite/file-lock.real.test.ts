import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { takeFileLock } from './file-lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearth-lock-'))
afterAll(() => rmSync(folder, { recursive: true }))

const holder = (path: string): string => `
  import { takeFileLock } from ${JSON.stringify(new URL('./file-lock.ts', import.meta.url).href)}
  process.stdout.write(takeFileLock(${JSON.stringify(path)}) ? 'has it' : 'refused')
  // Nobody refers to the lock any more; it is held all the same.
  setInterval(() => globalThis.gc(), 10)`

it('is had by one, and by the next when that one lets go', () => {
  const path = join(folder, 'one.lock')
  const first = takeFileLock(path)
  expect(first).toBeDefined()
  expect(takeFileLock(path)).toBeUndefined()
  first?.release()
  const second = takeFileLock(path)
  expect(second).toBeDefined()
  second?.release()
})

it('is kept from other processes, and free at once when its holder is killed', async () => {
  const path = join(folder, 'two.lock')
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--conditions=hearth-source', '--input-type=module', '-e', holder(path)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  const [said] = await once(child.stdout, 'data')
  expect(String(said)).toBe('has it')
  for (let look = 0; look < 10; look++) {
    expect(takeFileLock(path)).toBeUndefined()
    await pause(10)
  }
  child.kill('SIGKILL')
  await once(child, 'exit')
  const lock = takeFileLock(path)
  expect(lock).toBeDefined()
  lock?.release()
})

it('says where it cannot be', () => {
  expect(() => takeFileLock(join(folder, 'no', 'where'))).toThrow(/no\/where cannot be locked/)
})
