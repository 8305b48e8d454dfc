/** Bytes that were sent and may have to be sent again, until the other side has taken them. */
export class SentBytes {
  #chunks: Buffer[] = []
  /** The first chunk that is still kept, and the next one to send again. */
  #first = 0
  #next = 0
  #takenTo = 0
  #sentTo = 0

  /** The first byte that is still kept, counted from the beginning of the stream. */
  get takenTo(): number {
    return this.#takenTo
  }

  /** The byte after the last one that was ever sent. */
  get sentTo(): number {
    return this.#sentTo
  }

  /** Whether kept bytes have not been sent again in this session. */
  get behind(): boolean {
    return this.#next < this.#chunks.length
  }

  /** The stream begins at `offset`: nothing was sent yet by this side. */
  beginAt(offset: number): void {
    this.#takenTo = offset
    this.#sentTo = offset
  }

  /** Keeps what was just sent for the first time. */
  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#sentTo += chunk.length
    this.#next = this.#chunks.length
  }

  /** Everything kept is to be sent again. */
  rewind(): void {
    this.#next = this.#first
  }

  /** The next chunk to send again. */
  again(): Buffer | undefined {
    return this.#next < this.#chunks.length ? this.#chunks[this.#next++] : undefined
  }

  /** The other side has taken the first `bytes` of what is kept. */
  taken(bytes: number): void {
    this.#takenTo += bytes
    let rest = bytes
    while (rest > 0 && this.#first < this.#chunks.length) {
      const chunk = this.#chunks[this.#first] as Buffer
      if (chunk.length > rest) {
        this.#chunks[this.#first] = chunk.subarray(rest)
        break
      }
      rest -= chunk.length
      this.#first += 1
    }
    this.#next = Math.max(this.#next, this.#first)
    if (this.#first > 64 && this.#first * 2 > this.#chunks.length) this.#compact()
  }

  clear(): void {
    this.#chunks = []
    this.#first = 0
    this.#next = 0
    this.#takenTo = this.#sentTo
  }

  #compact(): void {
    this.#chunks = this.#chunks.slice(this.#first)
    this.#next -= this.#first
    this.#first = 0
  }
}
