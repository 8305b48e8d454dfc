import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isHearthError, messageOf, silentLog, systemClock } from '@hearth/model'
import { backUpSqlite, openSqliteStore, takeFileLock } from '@hearth/store'
import { loadConfig } from '../config/load-config.ts'
import type { BackupParts } from './backup-parts.ts'
import { restoreBackup } from './restore-backup.ts'
import { saveBackup } from './save-backup.ts'

// What is written here holds tokens of machines: it is for its owner alone.
process.umask(0o077)

const usage = 'save|restore --home HOME --folder FOLDER [--with-files] [--force] [--check]'

const parts: BackupParts = {
  version: versionOfThis(),
  clock: systemClock,
  pid: process.pid,
  copyDatabase: backUpSqlite,
  openStore: (path, host) => openSqliteStore({ path, host, log: silentLog }),
  takeLock: takeFileLock,
}

try {
  process.stdout.write(`${JSON.stringify(await run())}\n`)
} catch (error) {
  const hint = isHearthError(error) && error.hint !== undefined ? { hint: error.hint } : {}
  process.stdout.write(`${JSON.stringify({ error: messageOf(error), ...hint })}\n`)
  process.exitCode = 1
}

async function run(): Promise<unknown> {
  const flag = { type: 'boolean', default: false } as const
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      home: { type: 'string' },
      folder: { type: 'string' },
      'with-files': flag,
      force: flag,
      check: flag,
    },
  })
  const { home, folder, 'with-files': withFiles, force, check } = values
  if (home === undefined || folder === undefined) throw new Error(`usage: ${usage}`)
  const at = { home: resolve(home), folder: resolve(folder) }
  switch (positionals[0]) {
    case 'save':
      return saveBackup(await configOf(at.home), { folder: at.folder, withFiles }, parts)
    case 'restore':
      return restoreBackup({ ...at, force, checkOnly: check }, parts)
    default:
      throw new Error(`usage: ${usage}`)
  }
}

function configOf(home: string) {
  return loadConfig({
    argv: ['--home', home],
    env: process.env,
    isRoot: process.getuid?.() === 0,
    userHome: homedir(),
    assets: fileURLToPath(new URL('../../../../build', import.meta.url)),
  })
}

function versionOfThis(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return version
}
