import type { Duplex } from 'node:stream'
import { finished } from 'node:stream/promises'
import { type GuestSession, HearthError } from '@hearth/model'
import { type DialEvent, dialControlSchema } from '@hearth/protocol'
import type { ClientSocket } from './client-socket.ts'
import { readMessage } from './read-message.ts'

/** How long a guest may take to connect, in milliseconds. */
const connectMs = 15_000

/** Carries bytes between a client and a port inside the machine until both sides have ended. */
export async function serveDial(client: ClientSocket, session: GuestSession, port: number): Promise<void> {
  const stream = await session.dial(port, { signal: AbortSignal.any([client.gone, AbortSignal.timeout(connectMs)]) })
  const leave = () => stream.destroy()
  client.gone.addEventListener('abort', leave, { once: true })
  try {
    client.gone.throwIfAborted()
    say(client, { type: 'connected' })
    const over = Promise.all([carryOut(client, stream), finished(stream, { readable: false })])
    await Promise.race([over, carryIn(client, stream)])
    client.close()
  } finally {
    leave()
  }
}

async function carryOut(client: ClientSocket, stream: Duplex): Promise<void> {
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) await client.sendBytes(chunk)
  say(client, { type: 'eof' })
}

async function carryIn(client: ClientSocket, stream: Duplex): Promise<never> {
  for (;;) {
    const message = await client.next()
    if (message === undefined) throw new HearthError('cancelled', 'the client went away')
    if (typeof message !== 'string') await client.feed(stream, message)
    else command(client, stream, readMessage(dialControlSchema, message).type)
  }
}

function command(client: ClientSocket, stream: Duplex, type: 'eof' | 'pause' | 'resume'): void {
  if (type === 'eof') stream.end()
  else if (type === 'pause') client.hold()
  else client.release()
}

function say(client: ClientSocket, event: DialEvent): void {
  client.say(event)
}
