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

/** Form, mistakes, and types of tests too. */
async function checkRust() {
  if (hasCargoPart('rustfmt')) {
    const code = await runCargo(root, ['fmt', '--all', '--check'])
    if (code !== 0) return code
  } else {
    process.stderr.write('rustfmt is not there: the form of Rust code was not checked\n')
  }
  if (hasCargoPart('cargo-clippy')) return runCargo(root, ['clippy', '--workspace', '--all-targets', '--', '-D', 'warnings'])
  process.stderr.write('clippy is not there: compiling only\n')
  return runCargo(root, ['check', '--workspace', '--all-targets'])
}
