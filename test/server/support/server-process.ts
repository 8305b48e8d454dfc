import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(import.meta.resolve('@hearth/server/main'))

/** The real server in a process of its own, with machines in its memory. */
export class ServerProcess implements AsyncDisposable {
  readonly exit: Promise<unknown>
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
    this.exit = once(child, 'exit')
  }

  /** Resolves when it is ready. */
  static async start(home: string, env: Record<string, string> = {}): Promise<ServerProcess> {
    const child = spawn(process.execPath, ['--conditions=hearth-source', program, '--ready-fd', '3'], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
      env: { PATH: process.env.PATH, HEARTH_HOME: home, HEARTH_DRIVERS: 'memory', HEARTH_LOG: 'silent', ...env },
    })
    const server = new ServerProcess(child)
    const said = await text(child.stdio[3] as Readable)
    if (!said.includes('"ready":true')) throw new Error(`the server did not start: ${said}`)
    return server
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL')
    await this.exit
  }

  /** Asks it to end, and resolves when it has. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.exit
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}
