import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { Hearth } from '@hearth/sdk'
import { nodeFetch } from '../../../packages/cli/src/connection/node-fetch.ts'
import { serverProgram } from '../../../packages/cli/src/connection/server-program.ts'
import { unixWebSocket } from '../../../packages/cli/src/connection/unix-web-socket.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
/** A server that is asked something ends in this time, or it does not get to the point. */
const limitMs = 60_000
/** What a server said last is in the error when it does not start. */
const tailLength = 4096

/** One life of the real server of a home. */
export class MortalServer {
  readonly child: ChildProcess
  readonly hearth: Hearth
  /** From the start of the process until it said that it serves. */
  readonly readyAfterMs: number
  readonly #exit: Promise<NodeJS.Signals | number>

  private constructor(child: ChildProcess, home: string, exit: Promise<NodeJS.Signals | number>, readyAfterMs: number) {
    this.child = child
    this.#exit = exit
    this.readyAfterMs = readyAfterMs
    this.hearth = new Hearth({
      baseUrl: 'http://hearth',
      fetch: nodeFetch(quiet, `${home}/hearth.sock`),
      WebSocket: unixWebSocket(`${home}/hearth.sock`),
      // Whoever tries again would meet the next server.
      maxRetries: 0,
    })
  }

  /** Resolves when it serves. `env` is added to this process's. */
  static async start(home: string, env: Readonly<Record<string, string>> = {}): Promise<MortalServer> {
    const startedAt = performance.now()
    const child = spawn(process.execPath, [...serverProgram(), '--home', home, '--ready-fd', '3'], {
      env: { ...process.env, HEARTH_LOG: 'warn', ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    })
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-tailLength)
    })
    const exit = once(child, 'exit').then(([code, signal]) => (signal ?? code) as NodeJS.Signals | number)
    const ready = once(createInterface({ input: child.stdio[3] as Readable }), 'line')
    const first = await Promise.race([ready.then(() => undefined), exit])
    if (first !== undefined) throw new Error(`the server of ${home} ended before it was ready: ${first}\n${said}`)
    return new MortalServer(child, home, exit, Math.round(performance.now() - startedAt))
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** Runs `act`, in which the server dies. @throws when it does not */
  async diesIn(act: (hearth: Hearth) => Promise<unknown>): Promise<void> {
    const acted = act(this.hearth).then(
      () => 'it was done',
      (error: unknown) => `it failed: ${error instanceof Error ? error.message : String(error)}`,
    )
    const timeout = AbortSignal.timeout(limitMs)
    const late = once(timeout, 'abort').then(() => 'nothing happened')
    // The answer may be on its way when the server dies right after it.
    const outlived = Promise.race([acted, late]).then(async (how) => {
      const ended = await Promise.race([this.#exit, once(AbortSignal.timeout(2_000), 'abort').then(() => undefined)])
      return ended ?? how
    })
    const how = await Promise.race([this.#exit, outlived])
    if (how !== 'SIGKILL') throw new Error(`the server did not get to the point and die there: ${how}`)
    await acted
  }

  /** As a crash ends it. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#exit
  }

  /** In order. */
  async stop(): Promise<void> {
    this.child.kill('SIGTERM')
    await this.#exit
  }
}
