import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Held, Order } from './orders.ts'

const program = fileURLToPath(new URL('fuzz-server.ts', import.meta.url))

interface Reply {
  readonly number: number
  readonly result?: unknown
  readonly error?: string
}

/** The server under test, in its own process. */
export class FuzzedServer {
  readonly port: number
  readonly key: string
  readonly exit: Promise<number | null>
  readonly #child: ChildProcess
  readonly #lines: string[]
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #number = 0

  private constructor(child: ChildProcess, lines: string[], ready: { readonly url: string; readonly home: string }) {
    this.#child = child
    this.#lines = lines
    this.port = Number(new URL(ready.url).port)
    this.key = readFileSync(join(ready.home, 'keys/admin'), 'utf8').trim()
    this.exit = once(child, 'exit').then(([code]) => code as number | null)
    child.on('message', (reply: Reply) => this.#waiting.get(reply.number)?.(reply))
  }

  static async start(home: string): Promise<FuzzedServer> {
    const child = spawn(process.execPath, ['--expose-gc', '--conditions=hearth-source', program], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {
        PATH: process.env.PATH,
        HEARTH_HOME: home,
        HEARTH_DRIVERS: 'memory',
        HEARTH_LISTEN: '127.0.0.1:0',
        HEARTH_LOG: 'info',
        HEARTH_REQUESTS_PER_MINUTE: '0',
      },
    })
    const lines: string[] = []
    const said = (child.stderr as Readable).setEncoding('utf8')
    said.on('data', (text: string) => lines.push(text))
    const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[]
    const { ready } = (message ?? {}) as { ready?: { url: string; home: string } }
    if (ready === undefined) throw new Error(`the server did not start: ${lines.join('')}`)
    return new FuzzedServer(child, lines, ready)
  }

  /** Everything it has logged. */
  log(): string {
    return this.#lines.join('')
  }

  async order(order: Order): Promise<unknown> {
    const number = ++this.#number
    const reply = await new Promise<Reply>((resolve) => {
      this.#waiting.set(number, resolve)
      this.#child.send({ number, order })
    })
    this.#waiting.delete(number)
    if (reply.error !== undefined) throw new Error(`${order.do}: ${reply.error}`)
    return reply.result
  }

  holds(): Promise<Held> {
    return this.order({ do: 'holds' }) as Promise<Held>
  }

  /** Ends it as it ends by itself; resolves to its exit code. */
  async close(): Promise<number | null> {
    await this.order({ do: 'close' })
    return this.exit
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
