import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Artifact } from '@hearth/model'

/** Closes a finished file against writing and takes its size and digest. */
export async function artifactOf(folder: string, name: string, signal: AbortSignal | undefined): Promise<Artifact> {
  const path = join(folder, name)
  await chmod(path, 0o444)
  const { size } = await stat(path)
  return { name, sizeBytes: size, sha256: await fileSha256(path, signal) }
}

/** SHA-256 (hex) of a file's content, read in pieces. */
export async function fileSha256(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256')
  const stream = createReadStream(path, { highWaterMark: 1024 * 1024, signal })
  for await (const chunk of stream as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest('hex')
}
