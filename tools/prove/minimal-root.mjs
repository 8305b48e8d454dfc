import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { mustRun } from './must-run.mjs'

/** What makes the network of this computer usable inside, where it exists: names, certificates, and where packages come from. */
const hostSettings = [
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/ssl/certs/ca-certificates.crt',
  '/usr/local/share/ca-certificates',
  '/etc/apt/apt.conf.d',
  '/etc/apt/auth.conf.d',
  '/etc/apt/trusted.gpg.d',
]

/**
 * Makes `base`, a Debian with nothing in it but what its minbase variant has, certificates, and Node with npm.
 *
 * @param {{ base: string, suite: string, node: string, home: string }} options
 *   `node`: the Node program whose tree (bin/node, lib/node_modules/npm) is copied; `home`: whose .npmrc
 */
export async function makeMinimalRoot({ base, suite, node, home }) {
  await mustRun('mmdebstrap', ['--variant=minbase', '--include=ca-certificates', suite, base, ...packageSources(suite)])
  for (const path of hostSettings) if (existsSync(path)) cpSync(path, join(base, path), { recursive: true, dereference: true })
  copyNode(node, base)
  const npmrc = join(home, '.npmrc')
  for (const folder of ['root', 'home/user']) {
    mkdirSync(join(base, folder), { recursive: true })
    if (existsSync(npmrc)) cpSync(npmrc, join(base, folder, '.npmrc'))
  }
  await mustRun('chroot', [base, 'useradd', '--home-dir', '/home/user', '--shell', '/bin/sh', 'user'])
  await mustRun('chown', ['-R', '--reference', join(base, 'home/user'), join(base, 'root')])
  await mustRun('chroot', [base, 'chown', '-R', 'user:user', '/home/user'])
}

/**
 * A copy of `base` with a clean clone of the repository in /home/user/hearth, owned by `owner`.
 *
 * @param {{ base: string, place: string, repository: string, owner: 'root' | 'user' }} options
 */
export async function copyRoot({ base, place, repository, owner }) {
  rmSync(place, { recursive: true, force: true })
  await mustRun('cp', ['-a', '--reflink=auto', base, place])
  await mustRun('git', ['clone', '--quiet', '--no-hardlinks', repository, join(place, 'home/user/hearth')])
  await mustRun('chroot', [place, 'chown', '-R', `${owner}:${owner}`, '/home/user/hearth'])
}

/**
 * The sources of this computer when it runs the same suite (it may have a mirror nearby), else mmdebstrap's own choice.
 * @param {string} suite
 */
function packageSources(suite) {
  const folder = '/etc/apt/sources.list.d'
  const file =
    existsSync(folder) && readdirSync(folder).includes('debian.sources')
      ? join(folder, 'debian.sources')
      : '/etc/apt/sources.list'
  return existsSync(file) && suite === 'bookworm' ? [file] : []
}

/**
 * @param {string} node
 * @param {string} base
 */
function copyNode(node, base) {
  const prefix = dirname(dirname(node))
  const local = join(base, 'usr/local')
  mkdirSync(join(local, 'lib/node_modules'), { recursive: true })
  mkdirSync(join(local, 'bin'), { recursive: true })
  cpSync(node, join(local, 'bin/node'), { dereference: true })
  cpSync(join(prefix, 'lib/node_modules/npm'), join(local, 'lib/node_modules/npm'), { recursive: true })
  const npmSettings = join(prefix, 'etc/npmrc')
  if (existsSync(npmSettings)) cpSync(npmSettings, join(local, 'etc/npmrc'), { dereference: true })
  for (const name of ['npm', 'npx']) symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name))
}
