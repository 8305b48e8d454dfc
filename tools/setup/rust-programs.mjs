import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compilerFacts, findCargo, rustSources } from '../rust/cargo.mjs'
import { dropStaleLock } from '../rust/stale-lock.mjs'
import { contentHash } from './content-hash.mjs'
import { hintFrom, runCommand } from './run-command.mjs'
import { SetupError, say } from './say.mjs'

/** Cargo's name of each program, and where the rest of Hearth looks for it. */
const programs = [
  { name: 'hearth-guest', path: 'build/guest/hearth-guest' },
  { name: 'hearth-launcher', path: 'build/launcher/hearth-launcher' },
]

/**
 * Whether the programs are there and were built from the sources as they are now, with the compiler that is there now.
 * @param {string} root
 */
export function rustProgramsAreCurrent(root) {
  const key = sourceKey(root)
  return key !== undefined && programs.every(({ path }) => existsSync(join(root, path)) && readStamp(root, path) === key)
}

/** @param {string} root */
export async function buildRustPrograms(root) {
  const found = findCargo()
  const key = sourceKey(root)
  if (!found || !key) throw new SetupError('there is no cargo to build the guest agent with', 'Install rustc and cargo.')
  if (found.isDebian) dropStaleLock(root)
  const target = join(root, 'target')
  for (const { name, path } of programs) {
    say(`building ${name} with ${found.cargo}`)
    const { code, tail } = await runCommand(found.cargo, ['build', '--release', '--package', name, '--target-dir', target], {
      cwd: root,
      env: found.env,
    })
    if (code !== 0)
      throw new SetupError(
        `cargo could not build ${name}:\n${tail}`,
        hintFrom(tail) ?? 'This is a mistake in the sources or an unsuitable Rust: please report it with the lines above.',
      )
    publish(join(target, 'release', name), join(root, path))
    writeFileSync(stampOf(root, path), key)
  }
}

/**
 * Puts a program in its place by rename, so that one that runs is not written to.
 * @param {string} built
 * @param {string} place
 */
function publish(built, place) {
  mkdirSync(dirname(place), { recursive: true })
  copyFileSync(built, `${place}.new`)
  renameSync(`${place}.new`, place)
}

/** @param {string} root */
function sourceKey(root) {
  const found = findCargo()
  return found && contentHash(root, rustSources, compilerFacts(found.cargo))
}

/**
 * @param {string} root
 * @param {string} path
 */
function readStamp(root, path) {
  return existsSync(stampOf(root, path)) ? readFileSync(stampOf(root, path), 'utf8') : undefined
}

/**
 * @param {string} root
 * @param {string} path
 */
function stampOf(root, path) {
  return join(root, `${path}.sources`)
}
