import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * @typedef {object} Requirement
 * @property {string} package Debian's name of it
 * @property {'run' | 'build' | 'check'} for `check`: only the tests do
 * @property {string[]} [commands] programs it provides, looked for in PATH and where Debian puts them
 * @property {string[]} [files] absolute paths it provides
 * @property {string} why
 */

/**
 * The list that `hearth doctor` reads too.
 * @param {string} root the repository
 * @returns {{ supported: import('./platform.mjs').Supported, packages: Requirement[] }}
 */
export function readRequirements(root) {
  return JSON.parse(readFileSync(join(root, 'packages/cli/requirements.json'), 'utf8'))
}

/**
 * Those whose programs or files are not there. Looks at files only: it takes a millisecond, unlike asking dpkg.
 * @param {readonly Requirement[]} requirements
 * @param {string} [path] where to look for programs
 */
export function missingRequirements(requirements, path = process.env.PATH ?? '') {
  const folders = [...path.split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin']
  const isCommand = (/** @type {string} */ name) => folders.some((folder) => folder !== '' && existsSync(join(folder, name)))
  return requirements.filter(
    ({ commands = [], files = [] }) => !(commands.every(isCommand) && files.every((file) => existsSync(file))),
  )
}
