import { EventEmitter, once } from 'node:events'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { driverError, type HearthError, messageOf } from '@hearth/model'
import type { QmpCommand, QmpCommands, QmpEvent } from './commands.ts'

/** Longer than any honest answer; a QEMU taken over by its guest must not fill our memory. */
const lineLimit = 4 * 1024 * 1024
const defaultDeadlineMs = 10_000

interface Waiting {
  readonly command: string
  readonly timer: NodeJS.Timeout
  resolve(reply: unknown): void
  reject(error: HearthError): void
}

/**
 * One conversation with one QEMU (docs/interop/qmp-spec.txt of QEMU). QEMU serves one client per socket, so a machine has one of these.
 * Every command has a deadline; a QEMU that dies, hangs or answers nonsense rejects what waits with `driver_unavailable` or `driver_timeout`.
 */
export class QmpClient {
  readonly #socket: Duplex
  readonly #events = new EventEmitter<{ event: [QmpEvent] }>()
  readonly #waiting = new Map<number, Waiting>()
  readonly #decoder = new StringDecoder('utf8')
  readonly #greeted = Promise.withResolvers<void>()
  #line = ''
  #lastId = 0
  #ended: HearthError | undefined
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>

  private constructor(socket: Duplex) {
    this.#socket = socket
    // Whoever opens the conversation awaits it; a later end has other listeners.
    this.#greeted.promise.catch(() => undefined)
    socket.on('data', (chunk) => this.#take(this.#decoder.write(chunk)))
    socket.on('error', (error) =>
      this.#end(driverError('Unavailable', `QMP connection failed: ${error.message}`, { cause: error })),
    )
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#end(driverError('Unavailable', 'QEMU closed its QMP connection'))
        resolve()
      })
    })
  }

  /** Connects and leaves negotiation mode. @throws `driver_unavailable`, `driver_timeout` */
  static async open(path: string, deadlineMs = defaultDeadlineMs): Promise<QmpClient> {
    const socket = connect(path)
    try {
      await once(socket, 'connect')
    } catch (error) {
      throw driverError('Unavailable', `no QMP at ${path}: ${messageOf(error)}`, { cause: error })
    }
    return QmpClient.over(socket, deadlineMs)
  }

  /** Leaves negotiation mode on a stream that is connected to QEMU already. @throws `driver_unavailable`, `driver_timeout` */
  static async over(stream: Duplex, deadlineMs = defaultDeadlineMs): Promise<QmpClient> {
    const client = new QmpClient(stream)
    try {
      const timer = setTimeout(() => client.#fail('Timeout', `QEMU sent no QMP greeting within ${deadlineMs} ms`), deadlineMs)
      await client.#greeted.promise.finally(() => clearTimeout(timer))
      await client.execute('qmp_capabilities', {}, deadlineMs)
      return client
    } catch (error) {
      client.close()
      throw error
    }
  }

  /** Runs one command. @throws `driver_unavailable` (gone, refused, nonsense), `driver_timeout` */
  execute<C extends QmpCommand>(
    command: C,
    args: QmpCommands[C]['args'],
    deadlineMs = defaultDeadlineMs,
  ): Promise<QmpCommands[C]['reply']> {
    if (this.#ended) return Promise.reject(this.#ended)
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(driverError('Timeout', `QEMU did not answer "${command}" within ${deadlineMs} ms`))
      }, deadlineMs)
      this.#waiting.set(id, { command, timer, resolve: (reply) => resolve(reply as QmpCommands[C]['reply']), reject })
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    })
  }

  /** Calls `listener` for each event; returns the way to stop. */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#events.on('event', listener)
    return () => this.#events.off('event', listener)
  }

  /** Resolves with the first event that `matches`. @throws `driver_unavailable` when QEMU ends first, `driver_timeout` */
  nextEvent(matches: (event: QmpEvent) => boolean, deadlineMs: number): Promise<QmpEvent> {
    return new Promise((resolve, reject) => {
      const stop = this.onEvent((event) => {
        if (!matches(event)) return
        finish()
        resolve(event)
      })
      const timer = setTimeout(() => {
        finish()
        reject(driverError('Timeout', `QEMU did not report the awaited event within ${deadlineMs} ms`))
      }, deadlineMs)
      const finish = () => {
        clearTimeout(timer)
        stop()
      }
      void this.closed.then(() => {
        finish()
        reject(this.#ended)
      })
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(text: string): void {
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop() ?? ''
    if (this.#line.length > lineLimit) this.#fail('Unavailable', `QEMU sent a QMP line of more than ${lineLimit} characters`)
    for (const line of lines) {
      if (line.trim() !== '') this.#takeLine(line)
    }
  }

  #takeLine(line: string): void {
    const message = parseObject(line)
    if (!message) this.#fail('Unavailable', `QEMU answered nonsense on QMP: ${line.slice(0, 120)}`)
    else if ('QMP' in message) this.#greeted.resolve()
    else if (typeof message.event === 'string') this.#events.emit('event', { event: message.event, data: asObject(message.data) })
    else this.#takeAnswer(message)
  }

  #takeAnswer(message: Record<string, unknown>): void {
    const waiting = typeof message.id === 'number' ? this.#waiting.get(message.id) : undefined
    if (!waiting) return // the answer to a command whose deadline has passed
    this.#waiting.delete(message.id as number)
    clearTimeout(waiting.timer)
    if ('error' in message) {
      const { class: errorClass, desc } = asObject(message.error)
      waiting.reject(
        driverError('Unavailable', `QEMU refused "${waiting.command}": ${String(desc)}`, { details: { class: errorClass } }),
      )
    } else {
      waiting.resolve(message.return)
    }
  }

  #fail(kind: 'Unavailable' | 'Timeout', message: string): void {
    this.#end(driverError(kind, message))
    this.#socket.destroy()
  }

  #end(reason: HearthError): void {
    if (this.#ended) return
    this.#ended = reason
    this.#greeted.reject(reason)
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer)
      waiting.reject(reason)
    }
    this.#waiting.clear()
  }
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined // the caller reports the line itself
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
