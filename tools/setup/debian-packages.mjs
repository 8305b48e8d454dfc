import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { hintFrom, runCommand } from './run-command.mjs'
import { SetupError, say } from './say.mjs'

const aptOptions = [
  '-o',
  'Acquire::Retries=2',
  '-o',
  'Acquire::http::Timeout=30',
  '-o',
  'DPkg::Lock::Timeout=300',
  '-o',
  'Dpkg::Use-Pty=0',
]
const aptEnv = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', UCF_FORCE_CONFFOLD: '1', LC_ALL: 'C' }

/**
 * Installs what is missing, or says which command does.
 * @param {readonly import('./requirements.mjs').Requirement[]} missing
 */
export async function installDebianPackages(missing) {
  const names = missing.map((requirement) => requirement.package)
  say(`missing Debian packages:`)
  for (const requirement of missing) say(`  ${requirement.package.padEnd(24)} ${requirement.why}`)
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      'Debian packages are missing, and only root may install them',
      `Run this, then the same command again:\n\n  ${installCommand(names)}\n`,
    )
  }
  if (!hasPackageLists()) await updatePackageLists()
  if (names.includes('postgresql')) leavePostgresAlone()
  say('installing them (some minutes)')
  let result = await install(names)
  if (result.code !== 0) {
    say('that did not work with the package lists of this computer; fetching new ones')
    await updatePackageLists()
    result = await install(names)
  }
  if (result.code !== 0) {
    throw new SetupError(
      `apt-get could not install ${names.join(' ')}:\n${result.tail}`,
      hintFrom(result.tail) ?? `See what it says:\n\n  ${installCommand(names)}\n`,
    )
  }
}

/**
 * Debian's PostgreSQL makes and starts a database server of its own when it is installed, unless this file says otherwise.
 * @param {string} [file]
 */
export function leavePostgresAlone(file = '/etc/postgresql-common/createcluster.conf') {
  if (existsSync(file)) return
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, '# Hearth needs the programs only.\ncreate_main_cluster = false\n')
}

/**
 * The command that a person types.
 * @param {readonly string[]} names
 */
export function installCommand(names) {
  return `sudo sh -c 'apt-get update && apt-get install --no-install-recommends -y ${names.join(' ')}'`
}

/** Whether apt knows any package; images of Debian are shipped without lists. */
export function hasPackageLists(folder = '/var/lib/apt/lists') {
  return readdirSync(folder).some((name) => /_Packages(\.\w+)?$/.test(name))
}

/** Fetches the lists of packages; needs root. */
async function updatePackageLists() {
  say('fetching the lists of Debian packages')
  const { code, tail } = await runCommand('apt-get', [...aptOptions, 'update'], { env: aptEnv })
  if (code !== 0)
    throw new SetupError(
      `apt-get update did not work:\n${tail}`,
      hintFrom(tail) ?? 'Check /etc/apt/sources.list and /etc/apt/sources.list.d.',
    )
}

/**
 * Fetches one package file into `folder`, checked by apt, without installing it.
 * @param {string} name
 * @param {string} folder
 */
export async function downloadDebianPackage(name, folder) {
  const { code, tail } = await runCommand('apt-get', [...aptOptions, '-o', 'APT::Sandbox::User=root', 'download', name], {
    cwd: folder,
    env: aptEnv,
  })
  if (code !== 0)
    throw new SetupError(
      `apt-get could not download ${name}:\n${tail}`,
      hintFrom(tail) ?? 'Run "apt-get update" as root, then the same command again.',
    )
}

/** @param {readonly string[]} names */
function install(names) {
  // A descriptor of its own: apt closes the one it reports on before it runs install scripts, which want to write to stdout.
  const args = [...aptOptions, '-o', 'APT::Status-Fd=3', 'install', '--no-install-recommends', '-y', ...names]
  const progress = progressLines()
  const tell = (/** @type {string} */ line) => progress(line).forEach(say)
  return runCommand('apt-get', args, { env: aptEnv, onLine: tell, onStatus: tell })
}

/**
 * Turns apt's status lines (`dlstatus:1:12.3:…` while fetching, `pmstatus:name:45.6:…` while unpacking) into a line for
 * people at every fifth of the way.
 *
 * @returns {(line: string) => string[]}
 */
export function progressLines() {
  const words = { dl: 'fetched', pm: 'installed' }
  /** @type {Record<string, number>} */
  const told = { dl: 0, pm: 0 }
  return (line) => {
    if (line.startsWith('Need to get ')) return [`  ${line}`]
    const match = /^(dl|pm)status:[^:]*:(\d+(?:\.\d+)?):/.exec(line)
    if (!match) return []
    const kind = /** @type {'dl' | 'pm'} */ (match[1])
    const percent = Math.floor(Number(match[2]) / 20) * 20
    if (percent <= (told[kind] ?? 0)) return []
    told[kind] = percent
    return [`  ${words[kind]} ${percent} %`]
  }
}
