/** The part of a WebSocket that is used; the platform's own fits. */
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

export type WebSocketClass = new (url: string) => WebSocketLike
