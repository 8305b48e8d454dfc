/** Bytes of `u8 tag | u32 length` before each field's content. */
export const fieldHeaderBytes = 5

/** Appends fields to one growing buffer; `reserveBytes` are left free at the start, for a header that is filled in later. */
export class FieldWriter {
  #buffer: Buffer
  #length: number

  constructor(reserveBytes = 0, expectedBytes = 240) {
    this.#buffer = Buffer.allocUnsafe(reserveBytes + expectedBytes)
    this.#length = reserveBytes
  }

  /** Opens a field whose length is not known yet; returns the mark to close it with. */
  open(tag: number): number {
    this.#room(fieldHeaderBytes)
    this.#buffer[this.#length] = tag
    this.#length += fieldHeaderBytes
    return this.#length
  }

  close(mark: number): void {
    this.#buffer.writeUInt32BE(this.#length - mark, mark - 4)
  }

  bytes(tag: number, value: Uint8Array): void {
    const mark = this.open(tag)
    this.#room(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
    this.close(mark)
  }

  text(tag: number, value: string): void {
    const mark = this.open(tag)
    this.#room(value.length * 3)
    this.#length += this.#buffer.write(value, this.#length, 'utf8')
    this.close(mark)
  }

  unsigned(tag: number, value: bigint): void {
    this.#word(tag)
    this.#buffer.writeBigUInt64BE(value, this.#length - 8)
  }

  signed(tag: number, value: bigint): void {
    this.#word(tag)
    this.#buffer.writeBigInt64BE(value, this.#length - 8)
  }

  flag(tag: number, value: boolean): void {
    this.#room(fieldHeaderBytes + 1)
    this.#buffer[this.#length] = tag
    this.#buffer.writeUInt32BE(1, this.#length + 1)
    this.#buffer[this.#length + fieldHeaderBytes] = value ? 1 : 0
    this.#length += fieldHeaderBytes + 1
  }

  /** All bytes, the reserved ones first. The writer is not to be used afterwards. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #word(tag: number): void {
    this.#room(fieldHeaderBytes + 8)
    this.#buffer[this.#length] = tag
    this.#buffer.writeUInt32BE(8, this.#length + 1)
    this.#length += fieldHeaderBytes + 8
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
