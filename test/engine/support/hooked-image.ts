import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where images have their hooks. */
export const hookFolder = '/etc/hearth/personalise.d'

/** As Debian's busybox-static has it. */
const busybox = '/bin/busybox'
const programs = ['sh', 'cat', 'date', 'sleep', 'rm', 'mkdir', 'mv', 'echo', 'kill']

/**
 * A directory that becomes an image: busybox, the folders of an sshd and of D-Bus, and a hook that writes down what it was told;
 * then the given hooks, by name. Gone after `await using`, or `remove`.
 */
export async function hookedImage(hooks: Readonly<Record<string, string>> = {}) {
  const path = await mkdtemp(join(tmpdir(), 'hearth-hooked-'))
  await chmod(path, 0o755)
  for (const folder of ['bin', 'root', `.${hookFolder}`, 'etc/ssh', 'var/lib/dbus']) {
    await mkdir(join(path, folder), { recursive: true })
  }
  await cp(busybox, join(path, 'bin/busybox'))
  for (const name of programs) await symlink('busybox', join(path, 'bin', name))
  await writeFile(join(path, 'var/lib/dbus/machine-id'), `${'0'.repeat(32)}\n`)
  const told = '$HEARTH_BOOT $HEARTH_GENERATION $HEARTH_HOSTNAME $HEARTH_MACHINE_ID $OWNER'
  const all = { '10-mark': `echo "${told}" >> /root/mark; echo marked`, ...hooks }
  for (const [name, script] of Object.entries(all)) {
    await writeFile(join(path, hookFolder, name), hookScript(script), { mode: 0o755 })
  }
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

export function hookScript(script: string): string {
  return `#!/bin/sh\n${script}\n`
}
