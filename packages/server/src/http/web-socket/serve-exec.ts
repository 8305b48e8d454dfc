import type { Readable } from 'node:stream'
import { type ExecHandle, type GuestSession, HearthError, isHearthError } from '@hearth/model'
import { type ExecControl, type ExecEvent, execChannels, execControlSchema, type execOpeningSchema } from '@hearth/protocol'
import type * as z from 'zod'
import type { ClientSocket } from './client-socket.ts'
import { readMessage } from './read-message.ts'

type Opening = z.output<typeof execOpeningSchema>

/** How long a guest may take to start a process, in milliseconds. */
const startMs = 15_000

/**
 * Runs or attaches to a process for one client: output as it comes, then the exit. When the client goes away the process
 * is ended, unless `detach` was asked for.
 */
export async function serveExec(client: ClientSocket, session: GuestSession, opening: Opening): Promise<void> {
  const handle = await openHandle(session, opening, AbortSignal.any([client.gone, AbortSignal.timeout(startMs)]))
  const leave = () => handle.close()
  client.gone.addEventListener('abort', leave, { once: true })
  // Input that the process did not take is lost with it; its exit says the rest.
  handle.stdin.on('error', () => undefined)
  try {
    client.gone.throwIfAborted()
    say(client, { type: 'started', execId: handle.execId, pid: handle.pid, lostBytes: handle.lostBytes })
    const output = [pump(client, handle.stdout, execChannels.stdout), pump(client, handle.stderr, execChannels.stderr)]
    const over = Promise.all([handle.exit, ...output])
    const [exit] = await Promise.race([over, obey(client, handle)])
    say(client, { type: 'exit', code: exit.code, ...(exit.signal !== undefined && { signal: exit.signal }) })
    client.close()
  } finally {
    leave()
  }
}

function openHandle(session: GuestSession, opening: Opening, signal: AbortSignal): Promise<ExecHandle> {
  const onClose = opening.detach ? 'keep' : 'kill'
  if ('attach' in opening) {
    const target = typeof opening.attach === 'number' ? { execId: opening.attach } : { tag: opening.attach }
    return session.attach(target, { signal, onClose })
  }
  const { detach: _, ...request } = opening
  return session.exec({ ...request, onClose }, { signal })
}

/** Sends what the process writes, as fast as the client takes it. */
async function pump(client: ClientSocket, output: Readable, channel: number): Promise<void> {
  for await (const chunk of output) {
    const message = Buffer.allocUnsafe(chunk.length + 1)
    message[0] = channel
    message.set(chunk, 1)
    await client.sendBytes(message)
  }
}

/** Does what the client says, until it goes away; then it throws. */
async function obey(client: ClientSocket, handle: ExecHandle): Promise<never> {
  for (;;) {
    const message = await client.next()
    if (message === undefined) throw new HearthError('cancelled', 'the client went away')
    if (typeof message === 'string') await command(client, handle, readMessage(execControlSchema, message))
    else if (message[0] === execChannels.stdin) await client.feed(handle.stdin, message.subarray(1))
    else throw new HearthError('invalid_input', `channel ${message[0] ?? 'none'} is not allowed; stdin is ${execChannels.stdin}`)
  }
}

async function command(client: ClientSocket, handle: ExecHandle, control: ExecControl): Promise<void> {
  switch (control.type) {
    case 'eof':
      handle.stdin.end()
      return
    case 'resize':
      return unlessEnded(handle.resize(control.cols, control.rows))
    case 'signal':
      return unlessEnded(handle.signal(control.signal))
    case 'pause':
      return client.hold()
    case 'resume':
      return client.release()
  }
}

/** The process may have ended while the client spoke to it; then its exit is the answer, not a refusal. */
async function unlessEnded(request: Promise<void>): Promise<void> {
  try {
    await request
  } catch (error) {
    if (!isHearthError(error, 'guest_error')) throw error
  }
}

function say(client: ClientSocket, event: ExecEvent): void {
  client.say(event)
}
