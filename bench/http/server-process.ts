import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

/** Linux counts CPU time in these; it is 100 on every architecture that we run on. */
const ticksPerSecond = 100
const root = resolve(import.meta.dirname, '../..')
const program = join(root, 'packages/server/dist/main.js')

/** Compiles the server: users run it compiled, and what takes the types out of its sources at run time would count as its memory. */
export function compileServer(): void {
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-b', 'packages/server'], { cwd: root, stdio: 'inherit' })
}

/** A real server on the in-memory driver, in a process of its own that may use one core only. */
export class ServerProcess implements AsyncDisposable {
  readonly socket: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, socket: string) {
    this.#child = child
    this.socket = socket
  }

  /** Resolves when it is ready. */
  static async start(home: string): Promise<ServerProcess> {
    const child = spawn('taskset', ['--cpu-list', '0', process.execPath, program, '--ready-fd', '3'], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
      env: { PATH: process.env.PATH, HEARTH_HOME: home, HEARTH_DRIVERS: 'memory', HEARTH_LOG: 'error' },
    })
    const ready = await text(child.stdio[3] as Readable)
    if (!ready.includes('"ready":true')) throw new Error(`the server did not start: ${ready}`)
    return new ServerProcess(child, `${home}/hearth.sock`)
  }

  /** Memory that it holds now, in MiB. */
  residentMiB(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+([0-9]+) kB$/m.exec(status)?.[1]) / 1024
  }

  /** CPU time that it has used, in seconds. */
  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8')
    // The name, in parentheses, may hold anything; what follows is numbers.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await gone
  }
}
