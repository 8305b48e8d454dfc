import { copyFile as copyWhole, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HearthError } from '@hearth/model'
import type { LoadedConfig } from '../config/load-config.ts'
import { shownSettings } from '../config/shown-settings.ts'
import { homeLayout } from '../home/home-layout.ts'
import { type BackupList, databaseFile, listFile, type SavedFile } from './backup-list.ts'
import type { BackupParts } from './backup-parts.ts'
import { copyFile, digestFile } from './copy-file.ts'
import { exists, settle } from './files.ts'
import { missingContents, type StoredContent, storedContents } from './stored-contents.ts'

export interface SaveOptions {
  /** Where the backup is put; must not exist. */
  readonly folder: string
  /** The files of templates and snapshots too, which may be large. */
  readonly withFiles: boolean
}

export interface SavedBackup {
  readonly folder: string
  readonly rows: Readonly<Record<string, number>>
  readonly files: number
  readonly sizeBytes: number
  /** What is wrong with the state that was saved. */
  readonly problems: readonly string[]
  /** Templates and snapshots whose files are not in the home any more, or not whole. */
  readonly missing: readonly string[]
}

/**
 * Saves the state of a home into a folder, whole or not at all, while its server may go on.
 * @throws HearthError `state_conflict` when the folder exists or the home has no state of its own, `internal`
 */
export async function saveBackup(loaded: LoadedConfig, options: SaveOptions, parts: BackupParts): Promise<SavedBackup> {
  const { folder, withFiles } = options
  const home = homeLayout(loaded.config.home)
  if (loaded.config.database !== undefined) throw inPostgres()
  if (await exists(folder)) throw new HearthError('state_conflict', `${folder} exists already`, { hint: 'Name a new folder.' })
  const host = await hostOf(home.root)
  const unfinished = `${folder}.unfinished`
  await mkdir(unfinished, { recursive: false, mode: 0o700 })
  try {
    const { contents, rows, problems } = await saveDatabase(home.database, unfinished, host, parts)
    const files: SavedFile[] = [await listed(unfinished, databaseFile)]
    for (const name of ['host-id', 'hearth.yaml']) {
      if (await exists(join(home.root, name))) files.push(await saved(home.root, unfinished, name))
    }
    if (withFiles) files.push(...(await saveContents(home.root, unfinished, contents)))
    const list: BackupList = {
      format: 1,
      version: parts.version,
      createdAt: new Date(parts.clock.now()).toISOString(),
      home: home.root,
      host,
      settings: shownSettings(loaded),
      rows: { ...rows },
      contents: contents.map(({ folder, artifacts }) => ({ folder, artifacts: [...artifacts] })),
      files,
    }
    await writeFile(join(unfinished, listFile), `${JSON.stringify(list, null, 2)}\n`, { mode: 0o600, flush: true })
    await settle(unfinished)
    await rename(unfinished, folder)
    await settle(dirname(folder))
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0)
    return { folder, rows, files: files.length, sizeBytes, problems, missing: await missingContents(home.root, contents) }
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    throw error
  }
}

/** The copy is read in a second copy: reading brings a database up to date, and a backup stays as its server wrote it. */
async function saveDatabase(database: string, into: string, host: string, parts: BackupParts) {
  const copy = join(into, databaseFile)
  if (!(await exists(database))) throw noState(database)
  await parts.copyDatabase(database, copy)
  const reading = join(into, 'reading')
  await mkdir(reading, { mode: 0o700 })
  await copyWhole(copy, join(reading, databaseFile))
  const store = await parts.openStore(join(reading, databaseFile), host)
  try {
    const { problems, rows } = await store.check()
    return { problems, rows, contents: await storedContents(store, host) }
  } finally {
    await store.close()
    await rm(reading, { recursive: true, force: true })
  }
}

async function saveContents(home: string, into: string, contents: readonly StoredContent[]): Promise<SavedFile[]> {
  const files: SavedFile[] = []
  for (const { folder } of contents) {
    if (!(await exists(join(home, folder)))) continue
    await mkdir(join(into, folder), { recursive: true, mode: 0o700 })
    for (const name of await readdir(join(home, folder))) files.push(await saved(home, into, `${folder}/${name}`))
    await settle(join(into, folder))
  }
  return files
}

async function saved(home: string, into: string, path: string): Promise<SavedFile> {
  return { path, ...(await copyFile(join(home, path), join(into, path))) }
}

async function listed(folder: string, path: string): Promise<SavedFile> {
  return { path, ...(await digestFile(join(folder, path))) }
}

async function hostOf(home: string): Promise<string> {
  const text = await readFile(join(home, 'host-id'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw noState(home)
    throw error
  })
  return text.trim()
}

function noState(path: string): HearthError {
  return new HearthError('state_conflict', `there is no state to save at ${path}`, {
    hint: 'Name another home with --home; a state that is kept in PostgreSQL is saved with pg_dump.',
  })
}

function inPostgres(): HearthError {
  return new HearthError('state_conflict', 'the state is in PostgreSQL, which has its own tool for copies', {
    hint: 'Use pg_dump, which copies one moment while everything goes on; files of templates and snapshots are in the home.',
  })
}
