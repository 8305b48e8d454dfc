import type { WebSocketLike } from '../web-socket.ts'

type Listener = Parameters<WebSocketLike['addEventListener']>[1]

/** A WebSocket whose other side is the test. */
export class FakeWebSocket implements WebSocketLike {
  static #made = Promise.withResolvers<FakeWebSocket>()
  binaryType = 'blob'
  bufferedAmount = 0
  readyState = 0
  readonly url: string
  readonly sent: (string | Uint8Array)[] = []
  readonly #listeners = new Map<string, Listener[]>()

  constructor(url: string) {
    this.url = url
    FakeWebSocket.#made.resolve(this)
  }

  /** The next one that is made, open. */
  static async next(): Promise<FakeWebSocket> {
    const made = await FakeWebSocket.#made.promise
    FakeWebSocket.#made = Promise.withResolvers()
    return made.open()
  }

  send(data: string | Uint8Array): void {
    this.sent.push(data)
  }

  close(): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.#emit('close', {})
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }

  open(): this {
    this.readyState = 1
    this.#emit('open', {})
    return this
  }

  say(event: object): void {
    this.#emit('message', { data: JSON.stringify(event) })
  }

  sayText(text: string): void {
    this.#emit('message', { data: text })
  }

  sayBytes(...bytes: number[]): void {
    this.sayBuffer(new Uint8Array(bytes))
  }

  sayBuffer(bytes: Uint8Array): void {
    this.#emit('message', { data: bytes.slice().buffer })
  }

  break(): void {
    this.#emit('error', { message: 'reset' })
    this.close()
  }

  /** What was sent as text, as data. */
  get controls(): unknown[] {
    return this.sent.filter((message) => typeof message === 'string').map((message) => JSON.parse(message))
  }

  #emit(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener({ type, ...event })
  }
}
