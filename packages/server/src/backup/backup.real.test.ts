import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { bareMachine, machineId, snapshotId, snapshotRow, templateRow } from '@hearth/conformance'
import { type Snapshot, type SnapshotManifest, silentLog, systemClock } from '@hearth/model'
import { backUpSqlite, openSqliteStore, takeFileLock } from '@hearth/store'
import { afterAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../config/load-config.ts'
import { homeLayout, makeHome, prepareHome } from '../home/home-layout.ts'
import { hostIdOf } from '../home/host-id.ts'
import type { BackupParts } from './backup-parts.ts'
import { restoreBackup } from './restore-backup.ts'
import { saveBackup } from './save-backup.ts'

const root = mkdtempSync(join(tmpdir(), 'hb-'))
afterAll(() => rmSync(root, { recursive: true }))
let number = 0
const fresh = (name: string) => join(root, `${name}${number++}`)

const openStore = (path: string, host: string) => openSqliteStore({ path, host, log: silentLog })
const parts: BackupParts = {
  version: '0.1.0',
  clock: systemClock,
  pid: process.pid,
  copyDatabase: backUpSqlite,
  openStore,
  takeLock: takeFileLock,
}
const ram = Buffer.concat([Buffer.from('memory'), Buffer.alloc(8 * 1024 * 1024), Buffer.from('end')])
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** A home with a template, a snapshot with files, one of another host, a machine with a secret, and settings. */
async function usedHome() {
  const home = homeLayout(fresh('home'))
  await makeHome(home)
  await prepareHome(home)
  const host = await hostIdOf(home.root)
  writeFileSync(join(home.root, 'hearth.yaml'), 'log: warn\n')
  const store = await openStore(home.database, host)
  const template = templateRow('base', 1, { host, state: 'ready' })
  await store.templates.insert(template)
  await store.machines.insert(bareMachine(1, { host }))
  await store.machines.putSecrets(machineId(1), { token: 'its token', secrets: {} })
  const artifacts = [{ name: 'ram', sizeBytes: ram.length, sha256: digest(ram) }]
  const base = snapshotRow(1).manifest as SnapshotManifest
  const ready: Partial<Snapshot> = { state: 'ready', host, manifest: { ...base, artifacts } }
  await store.snapshots.insert({ ...snapshotRow(1), ...ready })
  await store.snapshots.insert({ ...snapshotRow(2), ...ready, id: snapshotId(2), host: 'h-1111111111111111' })
  await store.close()
  put(home.root, `templates/${template.ref}`, { kernel: 'kernel', 'manifest.json': '{}' })
  put(home.root, `snapshots/${snapshotId(1)}`, { ram, 'manifest.json': '{}' })
  return { home, host, template }
}

function put(home: string, folder: string, files: Record<string, string | Buffer>): void {
  mkdirSync(join(home, folder), { recursive: true })
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(home, folder, name), bytes)
    chmodSync(join(home, folder, name), 0o400)
  }
}

const save = async (home: string, folder: string, withFiles: boolean) => {
  const loaded = await loadConfig({ argv: ['--home', home], env: {}, isRoot: true, userHome: '/root', assets: '/assets' })
  return saveBackup(loaded, { folder, withFiles }, parts)
}
const restore = (folder: string, home: string, options: { readonly force?: boolean; readonly checkOnly?: boolean } = {}) =>
  restoreBackup({ folder, home, force: false, checkOnly: false, ...options }, parts)

describe('a backup with all files', () => {
  it('brings a home back as it was, into an empty one', async () => {
    const { home, host } = await usedHome()
    const folder = fresh('backup')
    const saved = await save(home.root, folder, true)
    expect(saved).toMatchObject({ problems: [], missing: [], rows: { templates: 1, snapshots: 2, machines: 1 } })
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, 'hearth.db')).mode & 0o777).toBe(0o600)
    const target = fresh('home')
    const restored = await restore(folder, target)
    expect(restored).toMatchObject({ restored: true, problems: [], missing: [], rows: { snapshots: 2 } })
    expect(restored).not.toHaveProperty('putAside')
    expect(readFileSync(join(target, 'host-id'), 'utf8').trim()).toBe(host)
    expect(readFileSync(join(target, 'hearth.yaml'), 'utf8')).toBe('log: warn\n')
    const copy = join(target, 'snapshots', snapshotId(1), 'ram')
    expect(readFileSync(copy).equals(ram)).toBe(true)
    expect(statSync(copy).mode & 0o777).toBe(0o400)
    expect(statSync(copy).blocks * 512, 'holes stay holes').toBeLessThan(ram.length / 2)
    const store = await openStore(join(target, 'hearth.db'), host)
    expect(await store.machines.getSecrets(machineId(1))).toEqual({ token: 'its token', secrets: {} })
    await store.close()
    expect(readdirSync(join(target, 'tmp'))).toEqual([])
  })

  it('is taken while a server goes on writing', async () => {
    const { home, host } = await usedHome()
    const store = await openStore(home.database, host)
    const folder = fresh('backup')
    let writing = true
    const writer = (async () => {
      for (let made = 10; writing; made++) {
        await store.machines.insert(bareMachine(made, { host }))
        await nextTurn()
      }
    })()
    const { rows, problems } = await save(home.root, folder, false)
    writing = false
    await writer
    await store.close()
    expect(problems).toEqual([])
    expect((await restore(folder, fresh('home'))).rows.machines).toBe(rows.machines)
  })
})

describe('a backup without files', () => {
  it('brings the rows back and names what is missing', async () => {
    const { home, template } = await usedHome()
    const folder = fresh('backup')
    await save(home.root, folder, false)
    expect(readdirSync(folder).sort()).toEqual(['backup.json', 'hearth.db', 'hearth.yaml', 'host-id'])
    const { missing } = await restore(folder, fresh('home'))
    expect(missing).toEqual([`templates/${template.ref}`, `snapshots/${snapshotId(1)}`])
  })

  it('finds the files that are in the home still', async () => {
    const { home } = await usedHome()
    const folder = fresh('backup')
    await save(home.root, folder, false)
    put(home.root, `snapshots/${snapshotId(7)}`, { ram: 'made later' })
    writeFileSync(join(home.root, 'hearth.yaml'), 'log: error\n')
    await expect(restore(folder, home.root)).rejects.toMatchObject({
      code: 'state_conflict',
      message: expect.stringContaining('hearth.db, templates/, snapshots/'),
    })
    const { missing, putAside = '' } = await restore(folder, home.root, { force: true })
    expect(missing).toEqual([])
    expect(readdirSync(join(putAside, 'snapshots'))).toEqual([snapshotId(7)])
    expect(existsSync(join(putAside, 'hearth.db'))).toBe(true)
    expect(existsSync(join(home.root, 'snapshots', snapshotId(1), 'ram'))).toBe(true)
    expect(readFileSync(join(home.root, 'hearth.yaml'), 'utf8'), 'settings are the home own').toBe('log: error\n')
  })

  it('says at once which files the home has lost', async () => {
    const { home, template } = await usedHome()
    rmSync(join(home.root, 'templates', template.ref), { recursive: true })
    const lost = join(home.root, 'snapshots', snapshotId(1), 'ram')
    chmodSync(lost, 0o600)
    truncateSync(lost, 5)
    const { missing } = await save(home.root, fresh('backup'), false)
    expect(missing).toEqual([`templates/${template.ref}`, `snapshots/${snapshotId(1)}/ram (5 bytes, not ${ram.length})`])
  })
})

describe('a backup that is damaged', () => {
  const damages: [string, (folder: string) => void, RegExp][] = [
    ['has another byte', (folder) => overwrite(join(folder, 'hearth.yaml'), 'log: info\n'), /hearth\.yaml is not what was saved/],
    ['has lost a file', (folder) => rmSync(join(folder, 'hearth.db')), /hearth\.db is missing|no such file/],
    ['has no list', (folder) => rmSync(join(folder, 'backup.json')), /is no backup/],
    ['has a list that is no JSON', (folder) => overwrite(join(folder, 'backup.json'), '{'), /is no backup/],
    ['leads out of the home', (folder) => relist(folder, 'snapshots/../../etc/passwd'), /is not a list of ours/],
    ['leads into other folders', (folder) => relist(folder, 'keys/admin'), /is not a list of ours/],
    ['leads to an absolute path', (folder) => relist(folder, '/etc/passwd'), /is not a list of ours/],
  ]

  it.each(damages)('as it %s, is refused and leaves the home alone', async (_what, damage, message) => {
    const { home } = await usedHome()
    const folder = fresh('backup')
    await save(home.root, folder, true)
    damage(folder)
    const before = readdirSync(home.root, { recursive: true }).sort()
    await expect(restore(folder, home.root, { force: true, checkOnly: true })).rejects.toThrow(message)
    await expect(restore(folder, home.root, { force: true })).rejects.toThrow(message)
    const kept = readdirSync(home.root, { recursive: true }).filter((path) => !/^(tmp|server)/.test(String(path)))
    expect(kept.sort()).toEqual(before.filter((path) => !/^(tmp|server)/.test(String(path))))
  })

  it('because its database is none, is refused', async () => {
    const { home } = await usedHome()
    const folder = fresh('backup')
    await save(home.root, folder, false)
    const list = JSON.parse(readFileSync(join(folder, 'backup.json'), 'utf8'))
    const bytes = Buffer.from('no database')
    overwrite(join(folder, 'hearth.db'), bytes)
    Object.assign(list.files[0], { sizeBytes: bytes.length, sha256: digest(bytes) })
    overwrite(join(folder, 'backup.json'), JSON.stringify(list))
    await expect(restore(folder, fresh('home'))).rejects.toMatchObject({ code: 'internal' })
  })
})

describe('restoring', () => {
  it('is refused while a server has the home', async () => {
    const { home } = await usedHome()
    const folder = fresh('backup')
    await save(home.root, folder, false)
    const lock = takeFileLock(home.lock)
    await expect(restore(folder, home.root, { force: true })).rejects.toMatchObject({ code: 'state_conflict' })
    lock?.release()
  })

  it('only checks when asked to, and writes nothing', async () => {
    const { home } = await usedHome()
    const folder = fresh('backup')
    await save(home.root, folder, true)
    const target = fresh('home')
    expect(await restore(folder, target, { checkOnly: true })).toMatchObject({
      restored: false,
      missing: [],
      rows: { snapshots: 2 },
    })
    expect(existsSync(target)).toBe(false)
    expect(readdirSync(folder).sort()).toEqual(['backup.json', 'hearth.db', 'hearth.yaml', 'host-id', 'snapshots', 'templates'])
  })
})

describe('saving', () => {
  it('never writes over anything, and leaves nothing when it fails', async () => {
    const { home } = await usedHome()
    const folder = fresh('backup')
    mkdirSync(folder)
    await expect(save(home.root, folder, false)).rejects.toMatchObject({ code: 'state_conflict' })
    const missing = join(root, 'nowhere', 'backup')
    await expect(save(home.root, missing, false)).rejects.toThrow(/ENOENT/)
    await expect(save(fresh('home'), fresh('backup'), false)).rejects.toMatchObject({ code: 'state_conflict' })
    expect(readdirSync(root).filter((name) => name.includes('unfinished'))).toEqual([])
  })
})

function overwrite(path: string, content: string | Buffer): void {
  rmSync(path)
  writeFileSync(path, content)
}

function relist(folder: string, path: string): void {
  const list = JSON.parse(readFileSync(join(folder, 'backup.json'), 'utf8'))
  list.files[1].path = path
  overwrite(join(folder, 'backup.json'), JSON.stringify(list))
}
