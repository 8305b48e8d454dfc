import { Duplex } from 'node:stream'
import type { Gate } from './gate.ts'

/** Two ends of one byte stream. What is written at either end stands still while `gate` is shut, as the bytes of a paused machine do. */
export function streamPair(gate: Gate): [host: Duplex, guest: Duplex] {
  const host = new End(gate)
  const guest = new End(gate)
  host.other = guest
  guest.other = host
  return [host, guest]
}

class End extends Duplex {
  other: End | undefined
  readonly #gate: Gate
  #resume: (() => void) | undefined

  constructor(gate: Gate) {
    super({ allowHalfOpen: false })
    this.#gate = gate
  }

  override _read(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    // A copy: the writer may use its buffer again, as the other side of a real wire would not notice.
    const bytes = Buffer.from(chunk)
    this.#gate.pass(() => {
      if (this.other?.accept(bytes, done) !== true) done()
    })
  }

  override _final(done: (error?: Error) => void): void {
    this.#gate.pass(() => this.other?.finish())
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.other?.finish()
    done(error)
  }

  /** True when `done` will be called once there is room. */
  accept(bytes: Buffer, done: () => void): boolean {
    if (this.destroyed || this.readableEnded) return false
    if (this.push(bytes)) return false
    this.#resume = done
    return true
  }

  finish(): void {
    if (!this.destroyed && !this.readableEnded) this.push(null)
    this._read()
  }
}
