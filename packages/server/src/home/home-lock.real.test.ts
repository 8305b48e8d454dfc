import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { takeFileLock } from '@hearth/store'
import { afterAll, expect, it } from 'vitest'
import { homeLayout } from './home-layout.ts'
import { lockHome } from './home-lock.ts'

const root = mkdtempSync(join(tmpdir(), 'hearth-home-'))
afterAll(() => rmSync(root, { recursive: true }))
const home = homeLayout(root)

it('names the process that has the home, until that lets go', () => {
  const lock = lockHome(home, 4711, takeFileLock)
  expect(() => lockHome(home, 4712, takeFileLock)).toThrow(
    expect.objectContaining({
      code: 'state_conflict',
      message: `process 4711 is the server of ${root} already`,
      details: { holderPid: 4711, home: root },
    }),
  )
  lock.release()
  lockHome(home, 4712, takeFileLock).release()
})

it('says "another process" when that has not said its name yet', () => {
  writeFileSync(home.holder, '')
  expect(() => lockHome(home, 1, () => undefined)).toThrow(`another process is the server of ${root} already`)
})
