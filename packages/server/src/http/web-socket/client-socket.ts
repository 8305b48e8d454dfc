import type { Writable } from 'node:stream'
import type { WebSocket } from '@fastify/websocket'
import { HearthError } from '@hearth/model'

/** Longer messages end the connection. */
export const maxMessageBytes = 1024 * 1024
/** What may wait in this process to be sent to one client. */
const sendAheadBytes = 256 * 1024
/** What may wait in this process to be taken by the machine, before the client is asked to pause … */
const pauseAboveBytes = 256 * 1024
/** … and, when it does not care, before its socket is no longer read. */
const stopAboveBytes = 8 * 1024 * 1024
/** What may wait for us to look at it, before the socket is no longer read. */
const inboxBytes = 1024 * 1024
/** What a message takes beside its bytes, about: many small ones, even empty ones, fill the inbox too. */
const perMessageBytes = 128
/** A client that is not read cannot be seen to leave; writing to it tells. */
const pingWhileStoppedMs = 1000

const normalClosure = 1000
const internalError = 1011

/**
 * A client on a WebSocket, with back-pressure both ways. Towards the client: `sendBytes` waits while much is unsent, or while
 * the client has asked for a pause. From the client: `feed` asks it to pause while the machine takes no more.
 */
export class ClientSocket {
  readonly #socket: WebSocket
  readonly #left = new AbortController()
  readonly #messages: (string | Buffer)[] = []
  #wake: (() => void) | undefined
  #holding: { readonly released: Promise<void>; release: () => void } | undefined
  #inboxBytes = 0
  #inboxIsFull = false
  /** Reasons not to read the socket; the ping goes with the first one. */
  #stops = 0
  #ping: NodeJS.Timeout | undefined

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.#messages.push(isBinary ? data : data.toString('utf8'))
      this.#inboxBytes += data.length + perMessageBytes
      if (this.#inboxBytes > inboxBytes && !this.#inboxIsFull) {
        this.#inboxIsFull = true
        this.#stopReading()
      }
      this.#wake?.()
    })
    socket.on('close', () => {
      this.#left.abort(new HearthError('cancelled', 'the client went away'))
      this.release()
      clearInterval(this.#ping)
      this.#wake?.()
    })
    // An error is followed by a close, which says all we need.
    socket.on('error', () => this.#socket.terminate())
  }

  /** Aborted when the connection is over, whoever ended it. */
  get gone(): AbortSignal {
    return this.#left.signal
  }

  /** The next message, text or bytes; nothing when the connection is over. */
  async next(): Promise<string | Buffer | undefined> {
    for (;;) {
      const message = this.#messages.shift()
      if (message !== undefined) this.#inboxBytes -= Buffer.byteLength(message) + perMessageBytes
      if (this.#inboxIsFull && this.#messages.length === 0) {
        this.#inboxIsFull = false
        this.#readOn()
      }
      if (message !== undefined || this.gone.aborted) return message
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Sends a text message, ahead of the bytes that are held back. */
  say(message: object): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message))
  }

  /** Sends bytes; resolves when more should be sent. @throws HearthError `cancelled` when the client has gone */
  async sendBytes(bytes: Uint8Array): Promise<void> {
    while (this.#holding) await this.#holding.released
    this.gone.throwIfAborted()
    const sent = new Promise<void>((resolve) => {
      this.#socket.send(bytes, () => resolve())
    })
    if (this.#socket.bufferedAmount > sendAheadBytes) await sent
  }

  /** Sends no more bytes until `release`. */
  hold(): void {
    if (this.#holding || this.gone.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#holding = { released: promise, release: resolve }
  }

  release(): void {
    this.#holding?.release()
    this.#holding = undefined
  }

  /** Passes bytes of the client on to `target`; it is asked to pause while `target` does not keep up. */
  async feed(target: Writable, bytes: Uint8Array): Promise<void> {
    if (!target.writable) return
    const wasOver = target.writableLength > pauseAboveBytes
    target.write(bytes)
    if (target.writableLength > pauseAboveBytes && !wasOver) {
      this.say({ type: 'pause' })
      void this.#relief(target).then(() => this.say({ type: 'resume' }))
    }
    if (target.writableLength <= stopAboveBytes) return
    this.#stopReading()
    await this.#relief(target)
    this.#readOn()
  }

  /** Ends the connection once everything is sent. */
  close(): void {
    this.#socket.close(normalClosure)
  }

  /** Ends the connection with a last message. */
  fail(message: object): void {
    this.say(message)
    this.#socket.close(internalError)
  }

  #stopReading(): void {
    if (this.#stops++ > 0) return
    this.#socket.pause()
    this.#ping = setInterval(() => this.#socket.ping(), pingWhileStoppedMs)
  }

  #readOn(): void {
    if (--this.#stops > 0) return
    clearInterval(this.#ping)
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.resume()
  }

  /** Resolves when `target` takes more, or there is no sense in waiting for that. */
  #relief(target: Writable): Promise<void> {
    return new Promise((resolve) => {
      if (this.gone.aborted || target.closed) return resolve()
      target.once('drain', resolve)
      target.once('close', resolve)
      this.gone.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}
