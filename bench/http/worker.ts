import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Order, Told } from './messages.ts'

/** A process that carries out orders, on a given core, so that the two sides of a measurement do not share one. */
export class Worker implements AsyncDisposable {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static client(socket: string): Worker {
    return new Worker(startProcess('client-process.ts', socket, 1))
  }

  /** Resolves when it can launch. */
  static async direct(home: string): Promise<Worker> {
    const worker = new Worker(startProcess('direct-process.ts', home, 0))
    await worker.#told()
    return worker
  }

  async series(asked: Extract<Order, { kind: 'series' }>['asked'], times: number): Promise<number[]> {
    return samplesOf(await this.#do({ kind: 'series', asked, times }))
  }

  async launches(template: string, times: number): Promise<number[]> {
    return samplesOf(await this.#do({ kind: 'launches', template, times }))
  }

  /** How many were answered, in all and in each second. */
  async load(path: string, forMs: number, connections: number): Promise<{ answered: number; perSecond: number }> {
    const told = await this.#do({ kind: 'load', asked: { method: 'GET', path }, forMs, connections })
    if (!('answered' in told)) throw new Error('error' in told ? told.error : 'not what was asked for')
    return { answered: told.answered, perSecond: told.answered / (told.tookMs / 1000) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.disconnect()
    this.#child.kill('SIGTERM')
    await gone
  }

  #do(order: Order): Promise<Told> {
    const told = this.#told()
    this.#child.send(order)
    return told
  }

  async #told(): Promise<Told> {
    const given = new AbortController()
    const { signal } = given
    const message = once(this.#child, 'message', { signal })
    const ended = once(this.#child, 'exit', { signal }).then(([code]) => [{ error: `it ended with ${code}` }])
    try {
      const [told] = (await Promise.race([message, ended])) as [Told]
      return told
    } finally {
      given.abort()
      // The one that did not come first was told to stop waiting.
      await Promise.allSettled([message, ended])
    }
  }
}

function startProcess(file: string, argument: string, core: number): ChildProcess {
  const program = [process.execPath, '--conditions=hearth-source', join(import.meta.dirname, file), argument]
  return spawn('taskset', ['--cpu-list', String(core), ...program], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

function samplesOf(told: Told): number[] {
  if ('samplesMs' in told) return told.samplesMs
  throw new Error('error' in told ? told.error : 'not what was asked for')
}
