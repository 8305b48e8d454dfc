import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import type { Engine } from '@hearth/engine'
import { type ExecExit, type ExecHandle, type GuestSession, HearthError, silentLog, systemClock } from '@hearth/model'
import { expect, vi } from 'vitest'
import { WebSocket } from 'ws'
import { ownerParts } from '../../../packages/server/src/auth/testing/test-auth.ts'
import { createHttp } from '../../../packages/server/src/http/create-http.ts'

/** A process in a machine that does what the case says. */
export class ScriptedExec implements ExecHandle {
  readonly execId = 7
  readonly pid = 42
  readonly lostBytes = 0
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly taken: Buffer[] = []
  readonly closed = Promise.withResolvers<void>()
  readonly signals: number[] = []
  readonly sizes: string[] = []
  readonly #exit = Promise.withResolvers<ExecExit>()
  /** While set, stdin is not taken. */
  stuck: PromiseWithResolvers<void> | undefined
  readonly exit = this.#exit.promise
  readonly stdin = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      void (this.stuck?.promise ?? Promise.resolve()).then(() => {
        this.taken.push(chunk)
        done()
      })
    },
    final: (done) => {
      this.end(0)
      done()
    },
  })

  end(code: number, signal?: number): void {
    this.stdout.end()
    this.stderr.end()
    this.#exit.resolve({ code, ...(signal !== undefined && { signal }) })
  }
  fail(error: Error): void {
    this.stdout.destroy(error)
    this.stderr.destroy(error)
    this.#exit.reject(error)
  }
  signal = async (signal: number): Promise<void> => void this.signals.push(signal)
  resize = async (cols: number, rows: number) => void this.sizes.push(`${cols}x${rows}`)
  close = () => this.closed.resolve()
}

/** The API before one machine, `m`, whose session is scripted; `paused` is a machine that does not run. */
export async function scriptedApi(path: string, session: Partial<GuestSession>) {
  const guest = async (machine: string) => {
    if (machine === 'paused') throw new HearthError('machine_not_running', 'it is paused')
    return { session: async () => session }
  }
  const app = createHttp({
    engine: { machines: { guest } } as unknown as Engine,
    drivers: [],
    log: silentLog,
    clock: systemClock,
    system: { version: '0', home: '/', pid: 1, startedAt: 0 },
    stop: () => undefined,
    hostPaths: true,
    loopbackOnly: false,
    ...ownerParts(),
  })
  await app.listen({ path })
  return app
}

/** A client that keeps what it hears. */
export function connectTo(path: string, route: string) {
  const socket = new WebSocket(`ws+unix://${path}:${route}`)
  const events: { type: string; [key: string]: unknown }[] = []
  const bytes: Buffer[] = []
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) bytes.push(data)
    else events.push(JSON.parse(data.toString()))
  })
  const closed = once(socket, 'close').then(([code]) => code as number)
  const say = (message: object) => socket.send(JSON.stringify(message))
  const started = () => vi.waitFor(() => expect(events[0]?.type).toBe('started'))
  return { socket, events, bytes, closed, say, opened: once(socket, 'open'), started }
}

/** What came on one channel. */
export const received = (bytes: readonly Buffer[], channel: number) =>
  Buffer.concat(bytes.filter((message) => message[0] === channel).map((message) => message.subarray(1)))
