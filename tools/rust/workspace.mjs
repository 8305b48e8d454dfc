import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { rustSources } from './cargo.mjs'

/** Where Debian keeps the sources of Rust libraries (package librust-libc-dev). */
const debianRegistry = '/usr/share/cargo/registry'

/**
 * The folder to run cargo in. The lock file names Debian 12's version of libc; Debian 13 has a newer one only, and cargo
 * insists on the locked one. There the sources are copied to `build/rust` without the lock.
 *
 * @param {string} root
 * @param {boolean} isDebian
 */
export function rustWorkspace(root, isDebian) {
  if (!isDebian || !existsSync(debianRegistry) || hasLockedLibc(root)) return root
  const copy = join(root, 'build/rust')
  rmSync(copy, { recursive: true, force: true })
  for (const path of rustSources) {
    if (path === 'Cargo.lock' || !existsSync(join(root, path))) continue
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    cpSync(join(root, path), join(copy, path), { recursive: true })
  }
  return copy
}

/** @param {string} root */
function hasLockedLibc(root) {
  const lock = join(root, 'Cargo.lock')
  if (!existsSync(lock)) return true
  const version = /name = "libc"\nversion = "([^"]+)"/.exec(readFileSync(lock, 'utf8'))?.[1]
  return version === undefined || readdirSync(debianRegistry).includes(`libc-${version}`)
}
