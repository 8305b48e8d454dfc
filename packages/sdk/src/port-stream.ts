import { HearthApiError, HearthConnectionError } from './errors.ts'
import type { DialControl, DialEvent } from './messages.ts'
import type { Socket } from './socket.ts'

/**
 * A byte stream to a TCP port inside a machine. Read it by iterating over it, once.
 *
 * ```ts
 * const stream: PortStream = await machine.dial(port)
 * await stream.write(new TextEncoder().encode('GET / HTTP/1.0\r\n\r\n'))
 * await stream.end()
 * let answer = ''
 * for await (const bytes of stream) answer += new TextDecoder().decode(bytes)
 * assert.match(answer, /^HTTP\/1\.[01] 200/)
 * ```
 */
export class PortStream implements AsyncIterable<Uint8Array> {
  readonly #socket: Socket<DialEvent>
  #closed = false

  constructor(socket: Socket<DialEvent>) {
    this.#socket = socket
  }

  /** Bytes until the other side has no more. @throws HearthApiError, HearthConnectionError, or the signal's reason */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const event = await this.#socket.next()
      if (event === undefined && this.#closed) return
      if (event === undefined) throw new HearthConnectionError('the connection broke')
      if (event instanceof Uint8Array) yield event
      else if (event.type === 'eof') return
      else if (event.type === 'error') throw new HearthApiError(event.error)
    }
  }

  /** Sends bytes; resolves when more should be sent. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#socket.send(bytes)
  }

  /** Says that no more comes from this side. */
  end(): Promise<void> {
    return this.#socket.send(JSON.stringify({ type: 'eof' } satisfies DialControl))
  }

  /** Ends both directions. */
  close(): void {
    this.#closed = true
    this.#socket.close()
  }
}

/** Resolves when the connection stands. @throws HearthApiError when nobody listens there */
export async function openPortStream(socket: Socket<DialEvent>): Promise<PortStream> {
  try {
    await socket.opened
    const event = await socket.next()
    if (event === undefined || event instanceof Uint8Array) {
      throw new HearthConnectionError('the connection ended before it stood')
    }
    if (event.type === 'error') throw new HearthApiError(event.error)
    return new PortStream(socket)
  } catch (error) {
    socket.close()
    throw error
  }
}
