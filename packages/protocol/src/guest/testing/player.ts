import { readFileSync } from 'node:fs'
import { type Duplex, duplexPair } from 'node:stream'
import type { Exchange, Step } from './exchange.ts'

/** Reads a recorded exchange. */
export function readExchange(name: string): Exchange {
  return JSON.parse(readFileSync(new URL(`../../../vectors/${name}.json`, import.meta.url), 'utf8'))
}

/** Plays the guest of a recorded exchange, and holds the host to the bytes that it should send. */
export class Player {
  readonly nonces: string[]
  /** Resolves when every step was played; rejects at the first byte that differs. */
  readonly done: Promise<void>
  readonly #done = Promise.withResolvers<void>()
  readonly #steps: Step[]
  #received = Buffer.alloc(0)
  #stream: Duplex | undefined

  constructor(exchange: Exchange) {
    this.#steps = [...exchange.steps]
    this.nonces = exchange.steps
      .filter((one) => one.type === 'HANDSHAKE' && one.from === 'host')
      .map((one) => one.fields[0] ?? '')
    this.done = this.#done.promise
  }

  readonly connect = async (): Promise<Duplex> => {
    const [host, guest] = duplexPair()
    this.#stream = guest
    this.#received = Buffer.alloc(0)
    guest.on('error', (error) => this.#done.reject(error))
    guest.on('data', (chunk: Buffer) => {
      if (this.#stream === guest) this.#take(chunk)
    })
    return host
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    let next = this.#steps[0]
    while (next !== undefined) {
      if (next.from === 'guest') this.#stream?.write(Buffer.from(next.hex, 'hex'))
      else if (!this.#matches(next)) return
      this.#steps.shift()
      next = this.#steps[0]
      // The host's next handshake comes on a new stream.
      if (next?.type === 'HANDSHAKE' && next.from === 'host') return void this.#stream?.end()
    }
    this.#done.resolve()
  }

  /** Whether the bytes of `step` are here; takes them. */
  #matches(step: Step): boolean {
    const due = Buffer.from(step.hex, 'hex')
    const here = this.#received.subarray(0, due.length)
    if (!here.equals(due.subarray(0, here.length))) {
      this.#done.reject(new Error(`${step.type} ${step.name}: ${here.toString('hex')} where ${step.hex} is due`))
      return false
    }
    if (here.length < due.length) return false
    this.#received = this.#received.subarray(due.length)
    return true
  }
}
