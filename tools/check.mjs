/** Runs every `check:` script of package.json, all of them whatever the first one finds, and says which found something. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
/** @type {{ scripts: Record<string, string> }} */
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const failed = Object.keys(scripts)
  .filter((name) => name.startsWith('check:'))
  .filter((name) => !passes(name))
process.stdout.write(failed.length === 0 ? 'all checks passed\n' : `checks that found something: ${failed.join(', ')}\n`)
process.exitCode = failed.length === 0 ? 0 : 1

/** @param {string} name */
function passes(name) {
  process.stdout.write(`\n== ${name}: ${scripts[name]}\n`)
  const npm = process.env.npm_execpath
  const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  return (
    spawnSync(command, [...first, 'run', '--silent', name], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
  )
}
