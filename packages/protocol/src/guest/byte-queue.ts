/** Chunks at least this long are kept as they are; smaller ones are copied together, so that no chunk pins much more than itself. */
const keepWholeBytes = 16_384
const firstSlabBytes = 1024

/** Bytes waiting for a reader. However small the pieces in which they come, memory stays near their number. */
export class ByteQueue {
  readonly #chunks: Buffer[] = []
  #slab: Buffer = Buffer.alloc(0)
  #slabBytes = firstSlabBytes
  #filled = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(bytes: Buffer): void {
    this.#length += bytes.length
    if (bytes.length >= keepWholeBytes) {
      this.#closeSlab()
      this.#chunks.push(bytes)
      return
    }
    let at = 0
    while (at < bytes.length) {
      if (this.#filled === this.#slab.length) this.#newSlab()
      const copied = bytes.copy(this.#slab, this.#filled, at)
      this.#filled += copied
      at += copied
    }
  }

  /** The next piece, or undefined when nothing waits. */
  shift(): Buffer | undefined {
    if (this.#chunks.length === 0) this.#closeSlab()
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) this.#length -= chunk.length
    return chunk
  }

  clear(): void {
    this.#chunks.length = 0
    this.#slab = Buffer.alloc(0)
    this.#filled = 0
    this.#length = 0
  }

  #newSlab(): void {
    this.#closeSlab()
    this.#slab = Buffer.allocUnsafeSlow(this.#slabBytes)
    this.#slabBytes = Math.min(this.#slabBytes * 4, keepWholeBytes)
  }

  /** What is filled becomes a chunk; the rest of the slab goes on being used. */
  #closeSlab(): void {
    if (this.#filled === 0) return
    this.#chunks.push(this.#slab.subarray(0, this.#filled))
    this.#slab = this.#slab.subarray(this.#filled)
    this.#filled = 0
  }
}
