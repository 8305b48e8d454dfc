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
