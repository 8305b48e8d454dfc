import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { driverError, type ImageSource, type Progress } from '@hearth/model'
import type { RunOptions } from '../../../child/run.ts'
import type { TarMember } from '../tar/entry.ts'
import { builtinBase, busyboxApplets } from './builtin.ts'

const busyboxPath = '/bin/busybox'

export interface ContentOptions extends RunOptions {
  /** An empty folder for what is needed on the way. */
  readonly work: string
  readonly progress: Progress
}

/** The checked members of the root file system that `source` stands for. */
export async function* imageContent(source: ImageSource, options: ContentOptions): AsyncGenerator<TarMember> {
  switch (source.kind) {
    case 'builtin':
      yield* builtinBase(await readFile(busyboxPath), await busyboxApplets(busyboxPath, { signal: options.signal }))
      return
    case 'debian':
    case 'tar':
    case 'dir':
      throw driverError('Misconfigured', `${source.kind}: is not built yet`)
  }
}

/** SHA-256 (hex) over `facts` and what decides the content of `source`. */
export async function sourceFacts(source: ImageSource, facts: object, options: RunOptions): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(facts))
  switch (source.kind) {
    case 'builtin':
      hash.update(await readFile(busyboxPath))
      break
    case 'debian':
    case 'tar':
    case 'dir':
      options.signal?.throwIfAborted()
      throw driverError('Misconfigured', `${source.kind}: is not built yet`)
  }
  return hash.digest('hex')
}
