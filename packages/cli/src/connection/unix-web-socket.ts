import type { WebSocketClass } from '@hearth/sdk'
import { Agent, WebSocket } from 'undici'

/** A WebSocket class whose connections go through a unix socket. */
export function unixWebSocket(socketPath: string): WebSocketClass {
  const dispatcher = new Agent({ connect: { socketPath } })
  return class extends WebSocket {
    constructor(url: string) {
      super(url, { dispatcher })
    }
  }
}
