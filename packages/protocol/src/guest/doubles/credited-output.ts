import { frameLimits } from '../frames.ts'
import type { GuestStream } from './guest-link.ts'

/** Bytes for one channel, sent as the host's credit allows. */
export class CreditedOutput {
  readonly #stream: GuestStream
  readonly #channel: number
  #credit: number = frameLimits.initialCredit
  #waiting: Buffer[] = []
  #held = false
  #onDrained: (() => void) | undefined

  constructor(stream: GuestStream, onChannel: number) {
    this.#stream = stream
    this.#channel = onChannel
  }

  send(bytes: Buffer): void {
    if (bytes.length > 0) this.#waiting.push(bytes)
    this.#pump()
  }

  /** Keeps everything back until `release`. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#pump()
  }

  addCredit(bytes: number): void {
    this.#credit += bytes
    this.#pump()
  }

  /** Calls back once everything was sent. */
  whenDrained(callback: () => void): void {
    this.#onDrained = callback
    this.#pump()
  }

  #pump(): void {
    while (this.#credit > 0 && !this.#held) {
      const next = this.#waiting.shift()
      if (next === undefined) break
      const size = Math.min(next.length, this.#credit, frameLimits.maxDataBytes)
      if (size < next.length) this.#waiting.unshift(next.subarray(size))
      this.#credit -= size
      this.#stream.data(this.#channel, next.subarray(0, size))
    }
    if (this.#waiting.length > 0) return
    const drained = this.#onDrained
    this.#onDrained = undefined
    drained?.()
  }
}
