import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunOptions, withChild } from '../../child/run.ts'
import type { Assets } from './assets.ts'
import { type CpioEntry, cpioArchive } from './cpio.ts'

const decompressors: Readonly<Record<string, readonly string[]>> = {
  '.xz': ['xz', '-dc'],
  '.zst': ['zstd', '-dcq'],
  '.gz': ['gzip', '-dc'],
}

/**
 * The initial RAM disk: the guest agent as `/init`, the modules as `/modules/NN-name.ko` in load order, and the folders
 * that the agent mounts on. Not compressed: under software emulation unpacking takes longer than loading.
 */
export async function initramfs(assets: Assets, options: RunOptions): Promise<Buffer> {
  const digits = String(assets.modules.length).length < 3 ? 2 : 3
  const entries: CpioEntry[] = ['dev', 'proc', 'sys', 'run', 'modules'].map((path) => ({ path, mode: 0o755 }))
  entries.push({ path: 'init', mode: 0o755, content: assets.agent })
  for (const [index, { name, file }] of assets.modules.entries()) {
    const content = await readModule(join(assets.modulesFolder, file), options)
    entries.push({ path: `modules/${String(index + 1).padStart(digits, '0')}-${name}.ko`, mode: 0o644, content })
  }
  return cpioArchive(entries)
}

async function readModule(path: string, options: RunOptions): Promise<Buffer> {
  const decompress = decompressors[path.slice(path.lastIndexOf('.'))]
  if (decompress === undefined) return await readFile(path)
  return await withChild([...decompress, path], options, async ({ stdin, stdout }) => {
    stdin.end()
    const chunks: Buffer[] = []
    for await (const chunk of stdout as AsyncIterable<Buffer>) chunks.push(chunk)
    return Buffer.concat(chunks)
  })
}
