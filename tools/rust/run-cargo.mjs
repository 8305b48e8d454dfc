import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { findCargo } from './cargo.mjs'
import { dropStaleLock } from './stale-lock.mjs'

// RUSTFLAGS would replace the flags of .cargo/config.toml; --config adds to them.
const denyWarnings = ['build', 'target.x86_64-unknown-linux-gnu'].flatMap((key) => [
  '--config',
  `${key}.rustflags=["-D","warnings"]`,
])

/**
 * Runs cargo on our crates with warnings as errors; its output goes to the terminal.
 *
 * @param {string} root
 * @param {readonly string[]} args
 * @param {(line: string) => void} [onLine] told every line of stdout
 * @returns {Promise<number>} its exit code
 */
export function runCargo(root, args, onLine) {
  const found = requireCargo()
  if (found.isDebian) dropStaleLock(root)
  const env = { ...found.env, CARGO_TARGET_DIR: join(root, 'target/check') }
  const child = spawn(found.cargo, [...denyWarnings, ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    process.stdout.write(`${line}\n`)
    onLine?.(line)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

/**
 * Whether a part of cargo that Debian packages apart (`cargo-clippy`, `rustfmt`) is there.
 * @param {string} program
 */
export function hasCargoPart(program) {
  return existsSync(join(dirname(requireCargo().cargo), program))
}

function requireCargo() {
  const found = findCargo()
  if (found) return found
  throw new Error('there is no cargo: run "npm run setup", which says what to install')
}
