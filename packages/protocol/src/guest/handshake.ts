import { FrameError } from './frame-decoder.ts'

/** Leftovers of earlier sessions that are skipped before the session fails. */
const maxDiscardedBytes = 1024 * 1024

/** The line with which the host begins a session. `nonce` is 32 lower-case hex digits. */
export function handshakeLine(nonce: string): Buffer {
  return Buffer.from(`\nHEARTH/1 ${nonce}\n`, 'latin1')
}

/** The guest's answer to it. */
export function handshakeAnswer(nonce: string): Buffer {
  return Buffer.from(`\nHEARTH/1 OK ${nonce}\n`, 'latin1')
}

/** Looks for the guest's answer in what arrives, and skips everything before it. */
export class AnswerScanner {
  readonly #answer: Buffer
  #tail: Buffer = Buffer.alloc(0)
  #discardedBytes = 0

  constructor(nonce: string) {
    this.#answer = handshakeAnswer(nonce)
  }

  /** Returns what follows the answer once it is found. @throws FrameError after 1 MiB of something else */
  push(chunk: Buffer): Buffer | undefined {
    const bytes = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk])
    const found = bytes.indexOf(this.#answer)
    if (found !== -1) return bytes.subarray(found + this.#answer.length)
    const keep = Math.min(bytes.length, this.#answer.length - 1)
    this.#discardedBytes += bytes.length - keep
    if (this.#discardedBytes > maxDiscardedBytes) throw new FrameError('more than 1 MiB came before the answer to the handshake')
    this.#tail = Buffer.from(bytes.subarray(bytes.length - keep))
    return undefined
  }
}
