/**
 * The part of a WebSocket that is used; the platform's own fits.
 *
 * ```ts
 * const socket: WebSocketLike = new WebSocket('ws://127.0.0.1:9')
 * await new Promise((resolve) => socket.addEventListener('error', resolve))
 * ```
 */
export interface WebSocketLike {
  binaryType: string
  readonly bufferedAmount: number
  readonly readyState: number
  send(data: string | Uint8Array): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open' | 'message' | 'error' | 'close', listener: (event: SocketEvent) => void): void
}

/** What the events of all four types have together. */
interface SocketEvent {
  readonly type: string
  readonly data?: unknown
  readonly error?: unknown
  readonly message?: string
}

/**
 * What makes WebSockets: the platform's own, or another.
 *
 * ```ts
 * const opened: string[] = []
 * class Watching extends WebSocket {
 *   constructor(url: string) {
 *     opened.push(new URL(url).pathname)
 *     super(url)
 *   }
 * }
 * const sockets: WebSocketClass = Watching
 * const client = new Hearth({ ...connection, WebSocket: sockets })
 * await client.machines.ref(machine.id).exec('true')
 * assert.deepEqual(opened, [`/v1/machines/${machine.id}/exec`])
 * ```
 */
export type WebSocketClass = new (url: string) => WebSocketLike
