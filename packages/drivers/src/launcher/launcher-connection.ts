import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { driverError, type HearthError, messageOf } from '@hearth/model'
import { launcherError } from './launcher-error.ts'
import { MessageSplitter } from './message-splitter.ts'
import { errorReply, type Operation, operations } from './operations.ts'

/** How long an abandoned call waits for the launcher to let go of what it was doing. */
const letGoMs = 2_000
const headerBytes = 9
const replyOk = 0x80
const replyError = 0x81
const eventExit = 0x90

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

interface Call {
  readonly operation: string
  settle(outcome: Outcome): void
}

type Outcome = { readonly fields: Buffer } | { readonly error: HearthError }

/** Requests and replies over one socket. Ends for good when the socket does. */
export class LauncherConnection {
  readonly #socket: Socket
  readonly #splitter = new MessageSplitter()
  readonly #calls = new Map<number, Call>()
  readonly #onExit: (fields: Buffer) => void
  #nextRequest = 1
  #ended: HearthError | undefined
  readonly #closed = Promise.withResolvers<HearthError | undefined>()

  private constructor(socket: Socket, onExit: (fields: Buffer) => void) {
    this.#socket = socket
    this.#onExit = onExit
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', (error) => this.#end(driverError('Unavailable', `launcher: ${error.message}`, { cause: error })))
    socket.on('close', () => this.#end(driverError('Unavailable', 'launcher: the connection ended')))
  }

  /** @throws the error of `connect` as it is: its code says whether anybody listens. */
  static open(path: string, onExit: (fields: Buffer) => void): Promise<LauncherConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(path)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new LauncherConnection(socket, onExit))
      })
    })
  }

  /** Resolves when the connection is over: with the reason, or with nothing after `close`. */
  get closed(): Promise<HearthError | undefined> {
    return this.#closed.promise
  }

  /** Resolves when the socket is closed. Calls that wait are rejected. */
  async close(): Promise<void> {
    this.#closed.resolve(undefined)
    this.#end(driverError('Unavailable', 'launcher: the connection was closed'))
    if (!this.#socket.closed) await once(this.#socket, 'close')
  }

  /**
   * One request, one reply. An aborted call is cancelled there too, and settles when the launcher has let go or after two seconds;
   * a reply that comes all the same is undone with `undo`.
   */
  call<Request extends object, Reply extends object>(
    operation: Operation<Request, Reply>,
    request: Request,
    options: CallOptions & { readonly undo?: () => Promise<void> } = {},
  ): Promise<Reply> {
    const { signal, undo } = options
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#ended) return Promise.reject(this.#ended)
    const message = operation.request.encode(request, headerBytes)
    const number = this.#nextNumber()
    return new Promise<Reply>((resolve, reject) => {
      let abandonedFor: { readonly reason: unknown } | undefined
      let timer = setTimeout(() => abandon(tooLate(operation.name, operation.deadlineMs)), operation.deadlineMs)
      const abandon = (reason: unknown) => {
        if (abandonedFor) return
        abandonedFor = { reason }
        clearTimeout(timer)
        timer = setTimeout(() => forget(reason), letGoMs)
        this.#cancel(number)
      }
      const onAbort = () => abandon(signal?.reason)
      const finish = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      const forget = (reason: unknown) => {
        finish()
        reject(reason)
      }
      const settle = (outcome: Outcome) => {
        this.#calls.delete(number)
        finish()
        if (abandonedFor) settleAbandoned(outcome, abandonedFor.reason, undo).catch(reject)
        else if ('error' in outcome) reject(outcome.error)
        else attempt(() => resolve(operation.reply.decode(outcome.fields)), reject)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#calls.set(number, { operation: operation.name, settle })
      this.#send(message, operation.op, number)
    })
  }

  #nextNumber(): number {
    const number = this.#nextRequest
    this.#nextRequest = number === 0xffff_ffff ? 1 : number + 1
    return number
  }

  #send(message: Buffer, op: number, request: number): void {
    message.writeUInt32BE(message.length - 4, 0)
    message[4] = op
    message.writeUInt32BE(request, 5)
    this.#socket.write(message)
  }

  /** Its own reply says nothing that is not said by the reply of the request. */
  #cancel(request: number): void {
    if (this.#ended) return
    const number = this.#nextNumber()
    this.#calls.set(number, { operation: 'cancel', settle: () => this.#calls.delete(number) })
    this.#send(operations.cancel.request.encode({ request }, headerBytes), operations.cancel.op, number)
  }

  #take(bytes: Buffer): void {
    attempt(
      () => {
        for (const { op, request, fields } of this.#splitter.push(bytes)) this.#handle(op, request, fields)
      },
      (error) => this.#end(driverError('Unavailable', `launcher: ${messageOf(error)}`, { cause: error })),
    )
  }

  #handle(op: number, request: number, fields: Buffer): void {
    const call = this.#calls.get(request)
    if (op === eventExit) this.#onExit(fields)
    else if (op === replyOk) call?.settle({ fields })
    else if (op === replyError) {
      const { errno, text } = errorReply.decode(fields)
      call?.settle({ error: launcherError(call.operation, errno, text) })
    } else throw new Error(`message ${op} is not known`)
  }

  #end(reason: HearthError): void {
    if (this.#ended) return
    this.#ended = reason
    this.#closed.resolve(reason)
    this.#socket.destroy()
    for (const call of [...this.#calls.values()]) call.settle({ error: reason })
  }
}

async function settleAbandoned(outcome: Outcome, reason: unknown, undo: (() => Promise<void>) | undefined): Promise<never> {
  if ('fields' in outcome) await undo?.()
  throw reason
}

function tooLate(operation: string, deadlineMs: number): HearthError {
  return driverError('Timeout', `launcher, ${operation}: no answer within ${deadlineMs} ms`)
}

function attempt(action: () => void, failed: (error: unknown) => void): void {
  try {
    action()
  } catch (error) {
    failed(error)
  }
}
