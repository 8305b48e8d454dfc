import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Where Debian keeps the sources of Rust libraries (package librust-libc-dev). */
const debianRegistry = '/usr/share/cargo/registry'

/**
 * Removes a `Cargo.lock` (made by cargo, not kept in git) that Debian's cargo would refuse: written by a newer cargo, or
 * naming a libc that this Debian has not, as after an upgrade from Debian 12 to 13.
 *
 * @param {string} root
 * @param {string} [registry]
 */
export function dropStaleLock(root, registry = debianRegistry) {
  const path = join(root, 'Cargo.lock')
  if (!existsSync(path) || !existsSync(registry)) return
  const lock = readFileSync(path, 'utf8')
  const libc = /name = "libc"\nversion = "([^"]+)"/.exec(lock)?.[1]
  const isCurrent = lock.includes('\nversion = 3\n') && (libc === undefined || readdirSync(registry).includes(`libc-${libc}`))
  if (!isCurrent) rmSync(path)
}
