import { chown, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readRecord } from './machine-record.ts'
import { readOwnFile } from './own-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-own-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('reads what we wrote', async () => {
  await writeFile(join(folder, 'machine.json'), '{"id":"m-1"}')
  expect(await readOwnFile(join(folder, 'machine.json'))).toBe('{"id":"m-1"}')
  expect(await readRecord(folder)).toEqual({ id: 'm-1' })
})

it.runIf(process.getuid?.() === 0)('refuses what the user of a VMM put in its place', async () => {
  const path = join(folder, 'machine.json')
  await writeFile(path, '{"id":"m-1","pid":1}')
  await chown(path, 1_500_000_001, 1_500_000_001)
  await expect(readOwnFile(path)).rejects.toMatchObject({ code: 'driver_corrupt' })
  expect(await readRecord(folder)).toBeUndefined()
})

it('follows no link', async () => {
  await writeFile(join(folder, 'elsewhere'), '{"id":"m-1"}')
  await symlink(join(folder, 'elsewhere'), join(folder, 'machine.json'))
  await expect(readOwnFile(join(folder, 'machine.json'))).rejects.toMatchObject({ code: 'ELOOP' })
  expect(await readRecord(folder)).toBeUndefined()
})
