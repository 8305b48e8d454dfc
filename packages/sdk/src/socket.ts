import { HearthConnectionError } from './errors.ts'
import type { Cancellable } from './options.ts'
import type { Transport } from './transport.ts'
import type { WebSocketLike } from './web-socket.ts'

const pauseAboveBytes = 1024 * 1024
const resumeBelowBytes = 256 * 1024
const sendAheadBytes = 1024 * 1024
/** WebSocket has no event for "sent"; this is how often we look. */
const sendCheckMs = 4
const open = 1

/**
 * A WebSocket with back-pressure both ways. What arrives waits here until it is read; when that grows beyond a megabyte the
 * server is asked to pause, because a WebSocket cannot hold its sender back. Sending resolves once little is left to send.
 */
export class Socket<Event extends { readonly type: string }> {
  readonly #webSocket: WebSocketLike
  readonly #opened: Promise<void>
  readonly #queue: (Event | Uint8Array)[] = []
  #queuedBytes = 0
  #paused = false
  #held = false
  #waitingToSend: (() => void)[] = []
  #over: { readonly error?: unknown } | undefined
  #wake: (() => void) | undefined

  /** A connection to `path` that is about to open. */
  static async to<Event extends { readonly type: string }>(
    transport: Transport,
    path: string,
    options: Cancellable = {},
  ): Promise<Socket<Event>> {
    const { WebSocket, url } = await transport.socket(path, options)
    options.signal?.throwIfAborted()
    return new Socket<Event>(new WebSocket(url), options.signal)
  }

  constructor(webSocket: WebSocketLike, signal?: AbortSignal) {
    this.#webSocket = webSocket
    webSocket.binaryType = 'arraybuffer'
    const abort = () => {
      this.#queue.length = 0
      this.#finish({ error: signal?.reason })
      webSocket.close()
    }
    signal?.addEventListener('abort', abort, { once: true })
    webSocket.addEventListener('message', (event) => this.#receive(event.data as string | ArrayBuffer))
    webSocket.addEventListener('close', () => {
      signal?.removeEventListener('abort', abort)
      this.#finish({})
    })
    this.#opened = new Promise((resolve, reject) => {
      webSocket.addEventListener('open', () => resolve())
      webSocket.addEventListener('error', (event) => {
        const cause = event.error ?? event.message
        const error = new HearthConnectionError('the connection to the server broke', { cause })
        this.#finish({ error })
        reject(signal?.aborted ? signal.reason : error)
      })
      // Also when it is closed before it opened without an error event.
      webSocket.addEventListener('close', () => reject(signal?.aborted ? signal.reason : new HearthConnectionError('no answer')))
    })
    // Whoever waits for it hears of it; nobody has to.
    this.#opened.catch(() => undefined)
  }

  /** Resolves when messages can be sent. */
  get opened(): Promise<void> {
    return this.#opened
  }

  /** The next message, bytes or an event, or nothing when the connection is over. @throws when it broke or was aborted */
  async next(): Promise<Event | Uint8Array | undefined> {
    while (this.#queue.length === 0 && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const message = this.#queue.shift()
    if (message === undefined) {
      if (this.#over?.error !== undefined) throw this.#over.error
      return undefined
    }
    if (message instanceof Uint8Array) this.#queuedBytes -= message.byteLength
    if (this.#paused && this.#queuedBytes < resumeBelowBytes) this.#setPaused(false)
    return message
  }

  /**
   * Sends one message; resolves when the next should be sent. Bytes wait while the server has asked for a pause, text does not.
   * Nothing is sent once the connection is over.
   */
  async send(message: string | Uint8Array): Promise<void> {
    await this.#opened
    while (typeof message !== 'string' && this.#held && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#waitingToSend.push(resolve)
      })
    }
    if (this.#over || this.#webSocket.readyState !== open) return
    this.#webSocket.send(message)
    while (this.#webSocket.bufferedAmount > sendAheadBytes && !this.#over) {
      await new Promise((resolve) => setTimeout(resolve, sendCheckMs))
    }
  }

  /** Ends the connection; what has arrived can still be read. */
  close(): void {
    this.#finish({})
    this.#webSocket.close()
  }

  #receive(data: string | ArrayBuffer): void {
    if (this.#over) return
    if (typeof data === 'string') this.#receiveEvent(data)
    else this.#receiveBytes(new Uint8Array(data))
    this.#wake?.()
  }

  #receiveBytes(bytes: Uint8Array): void {
    this.#queue.push(bytes)
    this.#queuedBytes += bytes.byteLength
    if (!this.#paused && this.#queuedBytes > pauseAboveBytes) this.#setPaused(true)
  }

  #receiveEvent(text: string): void {
    try {
      const event = JSON.parse(text) as Event
      if (event.type === 'pause' || event.type === 'resume') this.#hold(event.type === 'pause')
      else this.#queue.push(event)
    } catch (error) {
      this.#finish({ error: new HearthConnectionError('the server sent a message that is not JSON', { cause: error }) })
      this.#webSocket.close()
    }
  }

  #hold(held: boolean): void {
    this.#held = held
    for (const release of this.#waitingToSend.splice(0)) release()
  }

  #setPaused(paused: boolean): void {
    this.#paused = paused
    if (!this.#over && this.#webSocket.readyState === open) {
      this.#webSocket.send(JSON.stringify({ type: paused ? 'pause' : 'resume' }))
    }
  }

  #finish(end: { readonly error?: unknown }): void {
    this.#over ??= end
    this.#hold(false)
    this.#wake?.()
  }
}
