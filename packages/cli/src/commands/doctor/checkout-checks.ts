import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Check, missing, ok } from './check.ts'

const root = fileURLToPath(new URL('../../../../../', import.meta.url))

const made = [
  { name: 'guest kernel', path: 'build/kernel/vmlinuz' },
  { name: 'guest agent', path: 'build/guest/hearth-guest' },
  { name: 'launcher', path: 'build/launcher/hearth-launcher' },
]

/** Whether this runs from the repository, where some things are built instead of shipped. */
export function isCheckout(): boolean {
  return existsSync(join(root, 'Cargo.toml'))
}

/** What set-up makes. */
export function checkoutChecks(): Check[] {
  return made.map(({ name, path }) =>
    existsSync(join(root, path)) ? ok(name, path) : missing(name, `${path} is not there`, 'npm run setup'),
  )
}
