/** Reads a stream in pieces of asked lengths. One reader at a time. */
export interface ByteReader {
  /** How many bytes were read so far. */
  readonly offset: number
  /** The next `length` bytes, or fewer at the end of the stream. */
  take(length: number): Promise<Buffer>
  /** The next `length` bytes as they come; shorter at the end of the stream. */
  pass(length: number): AsyncGenerator<Buffer>
}

/** A reader of `source`, which is asked for its next chunk only when one is needed. */
export function byteReader(source: AsyncIterable<Uint8Array>): ByteReader & AsyncDisposable {
  const chunks = source[Symbol.asyncIterator]()
  let left: Buffer = Buffer.alloc(0)
  let offset = 0

  async function some(limit: number): Promise<Buffer | undefined> {
    while (left.length === 0) {
      const next = await chunks.next()
      if (next.done) return undefined
      left = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    }
    const piece = left.subarray(0, limit)
    left = left.subarray(piece.length)
    offset += piece.length
    return piece
  }

  async function* pass(length: number): AsyncGenerator<Buffer> {
    let missing = length
    while (missing > 0) {
      const piece = await some(missing)
      if (piece === undefined) return
      missing -= piece.length
      yield piece
    }
  }

  return {
    get offset() {
      return offset
    },
    pass,
    async take(length) {
      if (left.length >= length) return (await some(length)) ?? Buffer.alloc(0)
      const pieces: Buffer[] = []
      for await (const piece of pass(length)) pieces.push(piece)
      return Buffer.concat(pieces)
    },
    async [Symbol.asyncDispose]() {
      await chunks.return?.()
    },
  }
}
