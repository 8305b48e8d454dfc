/**
 * Proves the set-up where nothing is prepared: in a minimal Debian made for the purpose, from a clean clone of the last commit.
 * `node tools/prove-setup.mjs [--suite bookworm|trixie] [--node PATH] [--only root|user]`, as root; ten minutes and more, 6 GB below TMPDIR.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { copyRoot, makeMinimalRoot } from './prove/minimal-root.mjs'
import { runInside } from './prove/run-inside.mjs'

const repository = join(dirname(fileURLToPath(import.meta.url)), '..')
const { values } = parseArgs({
  options: { suite: { type: 'string', default: 'bookworm' }, node: { type: 'string' }, only: { type: 'string' } },
})
const demo = ['npm', 'run', 'demo', '--', '--template', 'builtin:base']
/** Some tests, to see that they run: whether all pass is for the tests to say. */
const unitTests = ['npm', 'test', '--', '--project', 'unit', 'packages/model', 'packages/store', 'tools']

if (process.getuid?.() !== 0) {
  process.stderr.write('making a Debian root needs root: run this with sudo\n')
  process.exit(2)
}
const folder = mkdtempSync(join(tmpdir(), 'hearth-prove-'))
try {
  const base = join(folder, 'base')
  const node = values.node ?? (existsSync('/usr/bin/node') ? '/usr/bin/node' : process.execPath)
  process.stdout.write(`making a minimal ${values.suite} in ${base}\n`)
  await makeMinimalRoot({ base, suite: values.suite, node, home: homedir() })
  if (values.only !== 'user') await proveAsRoot(base)
  if (values.only !== 'root') await proveAsUser(base)
  process.stdout.write('\nset-up proved\n')
} catch (error) {
  process.stderr.write(`\nset-up not proved: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/**
 * The demo is the first command ever; its second run finds everything in place.
 * @param {string} base
 */
async function proveAsRoot(base) {
  const place = join(folder, 'as-root')
  await copyRoot({ base, place, repository, owner: 'root' })
  expectCode(await runInside(place, 'root', demo), 0)
  const second = await runInside(place, 'root', demo)
  expectCode(second, 0)
  expectQuickSetUp(second.text)
  expectCode(await runInside(place, 'root', unitTests), 0)
  rmSync(place, { recursive: true, force: true })
}

/**
 * The tests are the first command ever, by someone who may install nothing: it ends with a command, and that command, run as
 * it is printed but for `sudo`, is all that was missing.
 * @param {string} base
 */
async function proveAsUser(base) {
  const place = join(folder, 'as-user')
  await copyRoot({ base, place, repository, owner: 'user' })
  const refused = await runInside(place, 'user', unitTests)
  if (refused.code === 0) throw new Error('the set-up of an ordinary user without packages did not fail')
  const command = /^\s*sudo sh -c '(apt-get update && apt-get install [^']+)'$/m.exec(refused.text)?.[1]
  if (!command) throw new Error('the set-up of an ordinary user did not end with the command to run')
  expectCode(await runInside(place, 'root', ['sh', '-c', command]), 0)
  expectCode(await runInside(place, 'user', unitTests), 0)
  const second = await runInside(place, 'user', demo)
  expectCode(second, 0)
  expectQuickSetUp(second.text)
  rmSync(place, { recursive: true, force: true })
}

/**
 * @param {{ code: number, seconds: number }} run
 * @param {number} code
 */
function expectCode(run, code) {
  process.stdout.write(`  -> exit code ${run.code} after ${run.seconds.toFixed(1)} s\n`)
  if (run.code !== code) throw new Error(`expected exit code ${code}`)
}

/** @param {string} text */
function expectQuickSetUp(text) {
  const seconds = Number(/everything is in place \(([\d.]+) s\)/.exec(text)?.[1] ?? Number.NaN)
  if (!(seconds < 3)) throw new Error(`the second set-up took ${seconds} s; 3 s are the limit`)
}
