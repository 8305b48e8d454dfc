/** Rust through one door: `node tools/rust.mjs check|test|build`. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasCargoPart, runCargo } from './rust/run-cargo.mjs'
import { buildRustPrograms } from './setup/rust-programs.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const commands = {
  check: checkRust,
  test: () => runCargo(root, ['test', '--workspace']),
  build: async () => {
    await buildRustPrograms(root)
    return 0
  },
}

const [name = ''] = process.argv.slice(2)
if (Object.hasOwn(commands, name)) {
  process.exitCode = await commands[/** @type {keyof typeof commands} */ (name)]()
} else {
  process.stderr.write(`Write: node tools/rust.mjs ${Object.keys(commands).join('|')}\n`)
  process.exitCode = 2
}

/** Form, mistakes, and types of tests too. All is looked at before it ends, so that one run shows everything. */
async function checkRust() {
  return Math.max(await checkForm(), await checkMistakes())
}

async function checkForm() {
  if (hasCargoPart('rustfmt')) return runCargo(root, ['fmt', '--all', '--check'])
  process.stderr.write('rustfmt is not there: the form of Rust code was not checked\n')
  return 0
}

async function checkMistakes() {
  if (hasCargoPart('cargo-clippy'))
    return runCargo(root, ['clippy', '--quiet', '--workspace', '--all-targets', '--', '-D', 'warnings'])
  process.stderr.write('clippy is not there: compiling only\n')
  return runCargo(root, ['check', '--workspace', '--all-targets'])
}
