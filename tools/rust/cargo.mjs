import { existsSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const crates = ['wire', 'guest', 'launcher']

/** What the Rust programs are made of. */
export const rustSources = [...crates, 'Cargo.toml', '.cargo/config.toml']

/**
 * Debian's cargo by path (version 1.63 is the oldest that must work), else the one in PATH.
 * @returns {{ cargo: string, env: Record<string, string | undefined>, isDebian: boolean } | undefined}
 */
export function findCargo(env = process.env) {
  if (existsSync('/usr/bin/cargo') && existsSync('/usr/bin/rustc')) {
    // Rust installed by rustup comes first in PATH and would be taken by cargo for rustc and rustfmt.
    const path = ['/usr/bin', ...(env.PATH ?? '').split(delimiter)].join(delimiter)
    return { cargo: '/usr/bin/cargo', env: { ...env, PATH: path, RUSTC: '/usr/bin/rustc' }, isDebian: true }
  }
  const folder = (env.PATH ?? '').split(delimiter).find((candidate) => candidate !== '' && existsSync(join(candidate, 'cargo')))
  return folder === undefined ? undefined : { cargo: join(folder, 'cargo'), env: { ...env }, isDebian: false }
}

/**
 * What tells one compiler from another without starting it.
 * @param {string} cargo
 */
export function compilerFacts(cargo) {
  return [cargo, join(cargo, '../rustc')].map((path) => {
    const { size, mtimeMs } = statSync(path)
    return `${path} ${size} ${mtimeMs}`
  })
}
