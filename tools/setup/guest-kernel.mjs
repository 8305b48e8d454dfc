import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { downloadDebianPackage } from './debian-packages.mjs'
import { hintFrom, runCommand } from './run-command.mjs'
import { SetupError, say } from './say.mjs'

const metaPackage = 'linux-image-cloud-amd64'
const neededModuleFiles = ['kernel', 'modules.dep', 'modules.builtin', 'modules.order']

/** @param {string} root */
export function hasGuestKernel(root) {
  return ['vmlinuz', 'config', 'version', 'modules/modules.dep', 'modules/modules.builtin'].every((file) =>
    existsSync(join(root, 'build/kernel', file)),
  )
}

/**
 * Unpacks Debian's cloud kernel into `build/kernel/{vmlinuz,config,version,modules/}`; nothing is installed on this computer.
 * `modules/` is what /lib/modules/VERSION would be.
 * @param {string} root
 */
export async function fetchGuestKernel(root) {
  const cache = join(root, 'build/cache')
  mkdirSync(cache, { recursive: true })
  const name = await imagePackage()
  say(`fetching the guest kernel ${name}`)
  if (!debOf(cache, name)) await downloadDebianPackage(name, cache)
  const work = join(root, `build/kernel.${process.pid}`)
  try {
    await unpack(join(cache, /** @type {string} */ (debOf(cache, name))), work)
    rmSync(join(root, 'build/kernel'), { recursive: true, force: true })
    renameSync(join(work, 'kernel'), join(root, 'build/kernel'))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  say(`guest kernel ${readFileSync(join(root, 'build/kernel/version'), 'utf8').trim()} is in build/kernel`)
}

/** The package that the meta package stands for, from the lists of this computer's own Debian. */
async function imagePackage() {
  const { stdout, tail, code } = await runCommand('apt-cache', ['show', '--no-all-versions', metaPackage], {
    env: { ...process.env, LC_ALL: 'C' },
  })
  const name = /^Depends:.*?\b(linux-image-[0-9][a-z0-9.+-]*-cloud-amd64)\b/m.exec(stdout)?.[1]
  if (name) return name
  throw new SetupError(
    `apt does not know ${metaPackage}${code === 0 ? '' : `:\n${tail}`}`,
    'Run "apt-get update" as root, then the same command again.',
  )
}

/**
 * @param {string} cache
 * @param {string} name
 */
function debOf(cache, name) {
  return readdirSync(cache).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'))
}

/**
 * @param {string} deb
 * @param {string} work an absent folder; ends up with `kernel/` in it
 */
async function unpack(deb, work) {
  const tree = join(work, 'tree')
  mkdirSync(tree, { recursive: true })
  await mustRun('dpkg', ['-x', deb, tree])
  const modulesHome = [join(tree, 'lib/modules'), join(tree, 'usr/lib/modules')].find((folder) => existsSync(folder))
  const version = modulesHome && readdirSync(modulesHome)[0]
  if (!modulesHome || !version)
    throw new SetupError(`${deb} holds no kernel modules`, 'Remove build/cache and run the same command again.')
  // Debian ships no modules.dep: depmod makes it. It looks below lib/ or usr/lib/ depending on its version.
  const [there, elsewhere] = modulesHome.includes('/usr/lib/') ? ['usr/lib', 'lib'] : ['lib', 'usr/lib']
  if (!existsSync(join(tree, elsewhere))) {
    mkdirSync(join(tree, 'usr'), { recursive: true })
    symlinkSync(join(tree, there), join(tree, elsewhere))
  }
  await mustRun(existsSync('/usr/sbin/depmod') ? '/usr/sbin/depmod' : '/sbin/depmod', ['-b', tree, version])
  const kernel = join(work, 'kernel')
  mkdirSync(join(kernel, 'modules'), { recursive: true })
  renameSync(join(tree, 'boot', `vmlinuz-${version}`), join(kernel, 'vmlinuz'))
  renameSync(join(tree, 'boot', `config-${version}`), join(kernel, 'config'))
  for (const file of neededModuleFiles) renameSync(join(modulesHome, version, file), join(kernel, 'modules', file))
  writeFileSync(join(kernel, 'version'), `${version}\n`)
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
async function mustRun(command, args) {
  const { code, tail } = await runCommand(command, args)
  if (code !== 0)
    throw new SetupError(
      `${command} ${args.join(' ')} ended with ${code}:\n${tail}`,
      hintFrom(tail) ?? 'Remove build/cache and run the same command again.',
    )
}
