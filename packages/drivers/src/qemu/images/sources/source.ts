import { createHash } from 'node:crypto'
import type { ImageSource } from '@hearth/model'
import type { RunOptions } from '../../../child/run.ts'
import type { TarMember } from '../tar/entry.ts'
import { builtinBase, busyboxApplets, readBusybox } from './builtin.ts'
import type { ContentOptions } from './content-options.ts'
import { withDebian } from './debian.ts'
import { directoryDigest, withDirectory } from './directory.ts'
import { tarDigest, withTarFile } from './tar-file.ts'

/** Runs `use` with the checked members of the root file system that `source` stands for. */
export async function withContent(
  source: ImageSource,
  options: ContentOptions,
  use: (members: AsyncIterable<TarMember>) => Promise<void>,
): Promise<void> {
  const { signal } = options
  switch (source.kind) {
    case 'builtin': {
      const busybox = await readBusybox()
      return await use(builtinBase(busybox, await busyboxApplets({ signal })))
    }
    case 'debian':
      return await withDebian(source, options, use)
    case 'tar':
      return await withTarFile(source.path, { signal }, use)
    case 'dir':
      return await withDirectory(source.path, { signal }, use)
  }
}

/** SHA-256 (hex) over `facts` and what decides the content of `source`. */
export async function sourceDigest(source: ImageSource, facts: object, options: RunOptions): Promise<string> {
  const content = await contentFacts(source, options)
  return createHash('sha256').update(JSON.stringify({ facts, content })).digest('hex')
}

async function contentFacts(source: ImageSource, options: RunOptions): Promise<object> {
  const { kind } = source
  switch (kind) {
    case 'builtin':
      return {
        kind,
        busybox: createHash('sha256')
          .update(await readBusybox())
          .digest('hex'),
      }
    case 'debian':
      return { kind, suite: source.suite, include: [...new Set(source.include)].sort() }
    case 'tar':
      return { kind, sha256: await tarDigest(source.path, options.signal) }
    case 'dir':
      return { kind, sha256: await directoryDigest(source.path, options) }
  }
}
