import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** Where the built agent is; `HEARTH_GUEST_AGENT` names another one. */
const agentPath =
  process.env.HEARTH_GUEST_AGENT ?? fileURLToPath(new URL('../../../../../build/guest/hearth-guest', import.meta.url))

/** Whether there is an agent to test against. */
export const agentBuilt = existsSync(agentPath)

/** The real agent as a child process, on a socket pair. */
export class AgentProcess {
  readonly root: string
  readonly #child: ChildProcess
  readonly #socket: Duplex
  #host: HostEnd | undefined

  constructor() {
    this.root = mkdtempSync(join(tmpdir(), 'hearth-agent-'))
    for (const folder of ['etc', 'run', 'var']) mkdirSync(join(this.root, folder))
    this.#child = spawn(agentPath, ['serve', '--fd', '3', '--root', this.root], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    })
    this.#socket = this.#child.stdio[3] as Duplex
    this.#socket.on('data', (chunk: Buffer) => this.#host?.deliver(chunk))
    this.#socket.on('error', () => undefined)
  }

  /** A new session's stream. As on a virtio port, bytes of the one before may still be in the pipe. */
  readonly connect = async (): Promise<Duplex> => {
    this.#host = new HostEnd(this.#socket)
    return this.#host
  }

  /** The host's end goes away, as when its process dies. */
  breakOff(): void {
    this.#host?.destroy(new Error('the host went away'))
    this.#host = undefined
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#socket.destroy()
    this.#child.kill('SIGKILL')
    await gone
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** One session's view of the socket that all sessions share. */
class HostEnd extends Duplex {
  readonly #socket: Duplex

  constructor(socket: Duplex) {
    super()
    this.#socket = socket
  }

  deliver(chunk: Buffer): void {
    if (!this.destroyed) this.push(chunk)
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    done()
  }
}
