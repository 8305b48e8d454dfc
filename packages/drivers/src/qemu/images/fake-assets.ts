import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { guestModules } from './modules.ts'

/** For tests: the least that passes for a bzImage of `release`. */
export function fakeKernel(release: string): Buffer {
  const image = Buffer.alloc(8192, 0x5a)
  image.write('HdrS', 0x202, 'latin1')
  image.writeUInt16LE(0x1000, 0x20e)
  image.write(`${release} (maker@host) #1 SMP`, 0x1200, 'latin1')
  return image
}

/** For tests: a folder as the set-up makes it, with a kernel that never boots and modules of a few bytes. */
export async function makeFakeAssets(folder: string): Promise<string> {
  const files: Record<string, string | Buffer> = {
    'kernel/vmlinuz': fakeKernel('6.1.0-0-fake'),
    'kernel/modules/modules.builtin': 'kernel/fs/ext4/ext4.ko\n',
    'guest/hearth-guest': 'the guest agent',
  }
  const dep: string[] = []
  for (const name of guestModules.required.filter((module) => module !== 'ext4')) {
    dep.push(`kernel/${name}.ko:`)
    files[`kernel/modules/kernel/${name}.ko`] = `module ${name}`
  }
  files['kernel/modules/modules.dep'] = `${dep.join('\n')}\n`
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  return folder
}
