import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { dropStaleLock } from './stale-lock.mjs'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ht-'))
  mkdirSync(join(root, 'registry/libc-0.2.139'), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

it.each([
  ['keeps a lock that Debian can use', 3, '0.2.139', true],
  ['drops the lock of a newer cargo', 4, '0.2.139', false],
  ['drops a lock on a libc that is not here', 3, '0.2.170', false],
])('%s', (_name, version, libc, stays) => {
  const lock = `# made by cargo\nversion = ${version}\n\n[[package]]\nname = "libc"\nversion = "${libc}"\n`
  writeFileSync(join(root, 'Cargo.lock'), lock)
  dropStaleLock(root, join(root, 'registry'))
  expect(existsSync(join(root, 'Cargo.lock'))).toBe(stays)
})

it('is content without a lock', () => {
  expect(() => dropStaleLock(root, join(root, 'registry'))).not.toThrow()
})
