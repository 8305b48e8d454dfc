import { open } from 'node:fs/promises'

/** The last `maxBytes` of a file as text; empty when there is no such file. */
export async function tailOf(path: string, maxBytes: number): Promise<string> {
  return Buffer.from(await tailBytes(path, maxBytes)).toString('utf8')
}

/** The last `maxBytes` of a file; empty when there is no such file. */
export async function tailBytes(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    const length = Math.min(size, maxBytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.subarray(0, bytesRead)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Uint8Array()
    throw error
  }
}

/** At most `maxBytes` of a file from `start` on, or from 0 where the file is shorter by now; nothing when there is none. */
export async function bytesFrom(path: string, start: number, maxBytes: number): Promise<{ start: number; bytes: Uint8Array }> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    const from = start > size ? 0 : start
    const length = Math.min(size - from, maxBytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from)
    return { start: from, bytes: buffer.subarray(0, bytesRead) }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { start: 0, bytes: new Uint8Array() }
    throw error
  }
}
