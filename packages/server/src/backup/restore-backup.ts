import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type ConsistencyReport, HearthError } from '@hearth/model'
import { type HomeLayout, homeLayout, makeHome, prepareHome } from '../home/home-layout.ts'
import { lockHome } from '../home/home-lock.ts'
import { type BackupList, databaseFile, readList } from './backup-list.ts'
import type { BackupParts } from './backup-parts.ts'
import { copyFile, digestFile } from './copy-file.ts'
import { exists, namesIn, settle } from './files.ts'
import { missingContents, type StoredContent, storedContents } from './stored-contents.ts'

export interface RestoreOptions {
  readonly home: string
  readonly folder: string
  /** Into a home that is in use: what the backup does not know is put aside, never removed. */
  readonly force: boolean
  /** Only reads the backup and says what a restore would find. */
  readonly checkOnly: boolean
}

export interface RestoredBackup {
  readonly home: string
  readonly createdAt: string
  readonly restored: boolean
  readonly rows: Readonly<Record<string, number>>
  readonly problems: readonly string[]
  /** Templates and snapshots whose rows are back and whose files are not. */
  readonly missing: readonly string[]
  /** Where the former state was put. */
  readonly putAside?: string
}

const contentFolders = ['templates', 'snapshots'] as const

/**
 * Puts a backup into a home that no server has. Everything is read and compared with its digest before the home is touched.
 * @throws HearthError `state_conflict` when a server runs or the home is not empty, `invalid_input` when the backup is damaged
 */
export async function restoreBackup(options: RestoreOptions, parts: BackupParts): Promise<RestoredBackup> {
  const { folder, checkOnly } = options
  const list = await readList(folder)
  if (checkOnly) return check(options, list, parts)
  const home = homeLayout(options.home)
  await makeHome(home)
  const lock = lockHome(home, parts.pid, parts.takeLock)
  try {
    if (!options.force) await mustBeEmpty(home)
    await prepareHome(home)
    const staging = join(home.tmp, 'restore')
    await stage(folder, staging, list)
    const { contents, ...report } = await readState(join(staging, databaseFile), list, parts)
    const putAside = await clear(home, contents, parts)
    await moveIn(staging, home, list)
    await rm(staging, { recursive: true })
    const missing = await missingContents(home.root, contents)
    const { createdAt } = list
    return { home: home.root, createdAt, restored: true, ...report, missing, ...(putAside !== undefined && { putAside }) }
  } finally {
    lock.release()
  }
}

/** Reads everything; the database as a copy, for reading brings it up to date. */
async function check({ folder, home }: RestoreOptions, list: BackupList, parts: BackupParts): Promise<RestoredBackup> {
  for (const file of list.files) mustAgree(file, await digestFile(join(folder, file.path)))
  const reading = await mkdtemp(join(tmpdir(), 'hearth-backup-'))
  try {
    await copyFile(join(folder, databaseFile), join(reading, databaseFile))
    const { contents, ...report } = await readState(join(reading, databaseFile), list, parts)
    const missing = await missingContents(folder, contents)
    return { home, createdAt: list.createdAt, restored: false, ...report, missing }
  } finally {
    await rm(reading, { recursive: true, force: true })
  }
}

async function mustBeEmpty(home: HomeLayout): Promise<void> {
  const found = (await exists(home.database)) ? ['hearth.db'] : []
  for (const name of [...contentFolders, 'machines']) {
    if ((await namesIn(join(home.root, name))).length > 0) found.push(`${name}/`)
  }
  if (found.length === 0) return
  throw new HearthError('state_conflict', `${home.root} is in use: it holds ${found.join(', ')}`, {
    hint: 'Restore into an empty home, or say --force: then what the backup does not know is put aside.',
  })
}

async function stage(folder: string, staging: string, list: BackupList): Promise<void> {
  await mkdir(staging, { mode: 0o700 })
  for (const file of list.files) {
    const target = join(staging, file.path)
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    const copied = await copyFile(join(folder, file.path), target).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw damaged(`${file.path} is missing`)
      throw error
    })
    mustAgree(file, copied)
  }
}

async function readState(
  database: string,
  list: BackupList,
  parts: BackupParts,
): Promise<ConsistencyReport & { readonly contents: readonly StoredContent[] }> {
  const store = await parts.openStore(database, list.host)
  try {
    const report = await store.check()
    if (report.problems.length > 0) throw damaged(`its state is not sound: ${report.problems[0]}`, report.problems)
    return { ...report, contents: await storedContents(store, list.host) }
  } finally {
    await store.close()
  }
}

/** Nothing of a former state is removed: the next server would, as it knows no rows of it. */
async function clear(home: HomeLayout, contents: readonly StoredContent[], parts: BackupParts): Promise<string | undefined> {
  const known = new Set(contents.map((each) => each.folder))
  const unknown: string[] = []
  for (const name of ['hearth.db', 'hearth.db-wal', 'hearth.db-shm', 'host-id']) {
    if (await exists(join(home.root, name))) unknown.push(name)
  }
  for (const kind of contentFolders) {
    for (const name of await namesIn(join(home.root, kind))) if (!known.has(`${kind}/${name}`)) unknown.push(`${kind}/${name}`)
  }
  if (unknown.length === 0) return undefined
  const aside = join(home.root, `before-restore-${parts.clock.now()}`)
  for (const path of unknown) {
    await mkdir(dirname(join(aside, path)), { recursive: true, mode: 0o700 })
    await rename(join(home.root, path), join(aside, path))
  }
  await settle(home.root)
  return aside
}

/** The database last: before that the home is one without state. */
async function moveIn(staging: string, home: HomeLayout, list: BackupList): Promise<void> {
  for (const kind of contentFolders) {
    for (const name of await namesIn(join(staging, kind))) {
      // What is there already was never written since: it is the same.
      if (!(await exists(join(home.root, kind, name)))) await rename(join(staging, kind, name), join(home.root, kind, name))
    }
    await settle(join(home.root, kind))
  }
  if (!(await exists(join(home.root, 'hearth.yaml'))) && list.files.some((file) => file.path === 'hearth.yaml')) {
    await rename(join(staging, 'hearth.yaml'), join(home.root, 'hearth.yaml'))
  }
  await rename(join(staging, 'host-id'), join(home.root, 'host-id'))
  await chmod(join(staging, databaseFile), 0o600)
  await rename(join(staging, databaseFile), home.database)
  await settle(home.root)
}

function mustAgree(file: BackupList['files'][number], found: { readonly sizeBytes: number; readonly sha256: string }): void {
  if (found.sha256 === file.sha256 && found.sizeBytes === file.sizeBytes) return
  throw damaged(`${file.path} is not what was saved`)
}

function damaged(why: string, problems?: readonly string[]): HearthError {
  return new HearthError('invalid_input', `the backup is damaged: ${why}`, {
    hint: 'Take another backup; the home was not touched.',
    ...(problems && { details: { problems } }),
  })
}
