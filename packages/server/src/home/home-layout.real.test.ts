import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { homeLayout, makeHome, prepareHome } from './home-layout.ts'

const root = mkdtempSync(join(tmpdir(), 'hearth-home-'))
afterAll(() => rmSync(root, { recursive: true }))
const modeOf = (path: string) => statSync(path).mode & 0o777

it('lets others pass through to machines and look at nothing', async () => {
  const home = homeLayout(join(root, 'deep', 'home'))
  await makeHome(home)
  await prepareHome(home)
  expect(modeOf(home.root)).toBe(0o711)
  expect(modeOf(join(home.root, 'machines'))).toBe(0o711)
  for (const name of ['templates', 'snapshots', 'keys', 'tmp']) expect(modeOf(join(home.root, name)), name).toBe(0o700)
})

it('sweeps unpublished work of dead servers and nothing else', async () => {
  const home = homeLayout(join(root, 'used'))
  await makeHome(home)
  await prepareHome(home)
  mkdirSync(join(home.tmp, 'qemu', 's-1'), { recursive: true })
  writeFileSync(join(home.tmp, 'qemu', 's-1', 'ram'), 'half')
  mkdirSync(join(home.root, 'snapshots', 's-2'))
  await prepareHome(home)
  expect(existsSync(join(home.tmp, 'qemu'))).toBe(false)
  expect(existsSync(join(home.root, 'snapshots', 's-2'))).toBe(true)
})

it('refuses a home in which sockets could not be named', () => {
  expect(() => homeLayout(`/${'x'.repeat(70)}`)).toThrow(/is too long; 67 bytes at most/)
})
