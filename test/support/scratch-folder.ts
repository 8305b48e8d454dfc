import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of one test, gone when its `await using` block ends. */
export interface ScratchFolder extends AsyncDisposable {
  readonly path: string
}

/** Makes an empty folder. Its path is short, because a unix socket's path holds 107 bytes. */
export async function scratchFolder(): Promise<ScratchFolder> {
  const path = await mkdtemp(join(tmpdir(), 'ht-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
