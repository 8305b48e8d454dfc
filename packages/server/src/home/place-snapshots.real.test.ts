import { lstatSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { homeLayout, prepareHome } from './home-layout.ts'
import { placeSnapshots } from './place-snapshots.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hp-'))
  mkdirSync(join(root, 'home'))
})
afterEach(() => rmSync(root, { recursive: true }))

const layout = () => homeLayout(join(root, 'home'))
const place = (name: string) => placeSnapshots(layout(), join(root, name))

it('puts the snapshots of a new home elsewhere, and finds them there again', async () => {
  await place('far/away')
  await prepareHome(layout())
  expect(lstatSync(join(root, 'home/snapshots')).isSymbolicLink()).toBe(true)
  writeFileSync(join(root, 'home/snapshots/a'), '')
  await place('far/away')
  expect(realpathSync(join(root, 'home/snapshots'))).toBe(realpathSync(join(root, 'far/away')))
  expect(readdirSync(join(root, 'far/away'))).toEqual(['a'])
})

it('takes a home over whose snapshots are none yet', async () => {
  await prepareHome(layout())
  await place('far')
  expect(lstatSync(join(root, 'home/snapshots')).isSymbolicLink()).toBe(true)
})

it('refuses to lose sight of snapshots', async () => {
  await prepareHome(layout())
  mkdirSync(join(root, 'home/snapshots/s-1'))
  await expect(place('far')).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining('not while there are snapshots in'),
  })
  rmSync(join(root, 'home/snapshots'), { recursive: true })
  await place('far')
  await expect(place('other')).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining('snapshots are in'),
  })
})

const elsewhere = '/dev/shm'
it.skipIf(statfsSync(elsewhere).type === statfsSync(tmpdir()).type)('refuses another file system', async () => {
  const far = mkdtempSync(join(elsewhere, 'hp-'))
  try {
    await expect(placeSnapshots(layout(), far)).rejects.toMatchObject({
      message: expect.stringMatching(/snapshotPath: .* is not allowed; a folder on the file system of the home/),
    })
    expect(readdirSync(far)).toEqual([])
  } finally {
    rmSync(far, { recursive: true })
  }
})
