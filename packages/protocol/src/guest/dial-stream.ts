import { Duplex } from 'node:stream'
import { HearthError } from '@hearth/model'
import type { Deadlines } from './deadlines.ts'
import { channel } from './frames.ts'
import { guestProtocol, guestRefused } from './guest-errors.ts'
import { Inflow } from './inflow.ts'
import { events, methods } from './messages.ts'
import { Outflow } from './outflow.ts'
import { surviveErrors } from './survive-errors.ts'
import { StreamHandler, type Wire } from './wire.ts'

/** Connects to a port on the guest's own loopback. Such a stream ends with its session: a TCP peer cannot be held. */
export async function dialGuest(wire: Wire, deadlines: Deadlines, port: number, signal?: AbortSignal): Promise<Duplex> {
  const dial = new DialStream(port)
  const stop = deadlines.start(dial.what, signal, (error) => {
    dial.stream?.cancel()
    dial.onBroken(error)
  })
  try {
    wire.request(methods.dial, { port }, dial)
    return await dial.connected.promise
  } finally {
    stop()
  }
}

class DialStream extends StreamHandler {
  readonly what: string
  readonly connected = Promise.withResolvers<Duplex>()
  readonly #incoming = new Inflow(channel.output)
  readonly #outgoing = new Outflow()
  #duplex: Duplex | undefined
  #over = false

  constructor(port: number) {
    super()
    this.what = `DIAL ${port}`
  }

  override onEvent(kind: number): void {
    if (kind !== events.connected.kind) return
    if (this.#duplex !== undefined || this.stream === undefined) throw guestProtocol(`${this.what} connected twice`)
    this.#incoming.start(this.stream)
    this.#outgoing.start(this.stream, 0)
    this.#duplex = Duplex.from({ readable: this.#incoming, writable: this.#outgoing })
    surviveErrors(this.#duplex)
    this.#duplex.once('close', () => this.#closed())
    this.connected.resolve(this.#duplex)
  }

  override onData(onChannel: number, bytes: Buffer): void {
    if (onChannel !== channel.output || this.#duplex === undefined) throw guestProtocol(`DATA of ${this.what} out of turn`)
    this.#incoming.accept(bytes)
  }

  override onEnd(onChannel: number): void {
    if (onChannel !== channel.output || this.#duplex === undefined) throw guestProtocol(`END of ${this.what} out of turn`)
    this.#incoming.finish()
  }

  override onCredit(onChannel: number, bytes: number): void {
    if (onChannel !== channel.toGuest) throw guestProtocol(`CREDIT on channel ${onChannel} of ${this.what}`)
    this.#outgoing.addCredit(bytes)
  }

  override onReply(): void {
    if (this.#duplex === undefined) throw guestProtocol(`${this.what} is over before it was connected`)
    this.#leave()
    this.#incoming.finish()
    this.#outgoing.release()
  }

  override onRefused(number: number, text: string): void {
    this.onBroken(guestRefused(this.what, number, text))
  }

  override onBroken(error: HearthError): void {
    if (this.#over) return
    this.#leave()
    this.connected.reject(error)
    this.#duplex?.destroy(error)
    this.#incoming.destroy(error)
    this.#outgoing.destroy(error)
  }

  /** The duplex was destroyed, or both its sides ended. */
  #closed(): void {
    if (this.#over) return
    const stream = this.stream
    const whole = this.#outgoing.endSent && this.#incoming.readableEnded
    // After both ends only the guest's REPLY is due: nothing to cancel.
    if (whole) return
    this.#leave()
    stream?.cancel()
    this.#incoming.destroy()
    this.#outgoing.destroy(new HearthError('cancelled', `${this.what} was closed by this side`))
  }

  #leave(): void {
    this.#over = true
    this.#incoming.stop()
    this.#outgoing.stop()
    this.stream = undefined
  }
}
