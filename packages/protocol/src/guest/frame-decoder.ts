import { frameLimits } from './frames.ts'

/** Called with each whole frame; `payload` is a view that is only valid during the call unless the receiver keeps what it belongs to. */
export type OnFrame = (type: number, stream: number, payload: Buffer) => void

/** Bytes that are no frame. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FrameError'
  }
}

/** Cuts a byte stream into frames. Holds at most one unfinished frame, however the bytes arrive. */
export class FrameDecoder {
  readonly #onFrame: OnFrame
  readonly #lengthWord = Buffer.alloc(4)
  #lengthBytes = 0
  #partial: Buffer | undefined
  #partialBytes = 0

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame
  }

  /** @throws FrameError for a length that is not allowed; the decoder is not to be used afterwards */
  push(chunk: Buffer): void {
    let at = this.#partial === undefined && this.#lengthBytes === 0 ? 0 : this.#finishPartial(chunk)
    while (chunk.length - at >= 4) {
      const length = checkedLength(chunk.readUInt32BE(at))
      const end = at + 4 + length
      if (end > chunk.length) break
      this.#onFrame(chunk[at + 4] as number, chunk.readUInt32BE(at + 5), chunk.subarray(at + 9, end))
      at = end
    }
    if (at < chunk.length) this.#startPartial(chunk.subarray(at))
  }

  /** Takes what the unfinished frame lacks; returns how far it got in `chunk`. */
  #finishPartial(chunk: Buffer): number {
    let at = 0
    if (this.#partial === undefined) {
      at = chunk.copy(this.#lengthWord, this.#lengthBytes, 0, 4 - this.#lengthBytes)
      this.#lengthBytes += at
      if (this.#lengthBytes < 4) return at
      this.#lengthBytes = 0
      this.#partial = Buffer.allocUnsafeSlow(checkedLength(this.#lengthWord.readUInt32BE()))
      this.#partialBytes = 0
    }
    const copied = chunk.copy(this.#partial, this.#partialBytes, at)
    this.#partialBytes += copied
    if (this.#partialBytes < this.#partial.length) return at + copied
    const frame = this.#partial
    this.#partial = undefined
    this.#onFrame(frame[0] as number, frame.readUInt32BE(1), frame.subarray(5))
    return at + copied
  }

  #startPartial(rest: Buffer): void {
    if (rest.length < 4) {
      this.#lengthBytes = rest.copy(this.#lengthWord)
      return
    }
    this.#partial = Buffer.allocUnsafeSlow(rest.readUInt32BE())
    this.#partialBytes = rest.copy(this.#partial, 0, 4)
  }
}

function checkedLength(length: number): number {
  if (length < frameLimits.minLength || length > frameLimits.maxLength) {
    throw new FrameError(`a frame of ${length} bytes, allowed are ${frameLimits.minLength} to ${frameLimits.maxLength}`)
  }
  return length
}
