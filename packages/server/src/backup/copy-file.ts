import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'

const chunkBytes = 1024 * 1024

export interface CopiedFile {
  readonly sizeBytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

/** Copies a file to a new one of the same mode, durably, with holes where there are only zeros. */
export async function copyFile(from: string, to: string): Promise<CopiedFile> {
  await using source = await open(from, 'r')
  const { mode } = await source.stat()
  await using target = await open(to, 'wx', 0o600)
  const copied = await pump(source, target)
  await target.truncate(copied.sizeBytes)
  await target.chmod(mode & 0o777)
  await target.sync()
  return copied
}

/** What a file is, by its bytes. */
export async function digestFile(path: string): Promise<CopiedFile> {
  await using source = await open(path, 'r')
  return await pump(source, undefined)
}

async function pump(source: FileHandle, target: FileHandle | undefined): Promise<CopiedFile> {
  const hash = createHash('sha256')
  const chunk = Buffer.allocUnsafe(chunkBytes)
  let sizeBytes = 0
  for (;;) {
    const { bytesRead } = await source.read(chunk, 0, chunkBytes, sizeBytes)
    if (bytesRead === 0) return { sizeBytes, sha256: hash.digest('hex') }
    const bytes = chunk.subarray(0, bytesRead)
    hash.update(bytes)
    if (target && !isZero(bytes)) await writeAll(target, bytes, sizeBytes)
    sizeBytes += bytesRead
  }
}

async function writeAll(target: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await target.write(bytes, written, bytes.length - written, at + written)
    written += bytesWritten
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes[0] === 0 && bytes.subarray(1).equals(bytes.subarray(0, -1))
}
