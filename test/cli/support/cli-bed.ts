import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'

const root = join(import.meta.dirname, '../../..')

export const hearthProgram = join(root, 'packages/cli/bin/hearth.js')

/** How one command ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Leaves stdin open, so that the command waits for more. */
  readonly keepOpen?: boolean
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** A home of its own, and the real command line to work on it. */
export class CliBed {
  readonly home = mkdtempSync(join(tmpdir(), 'hc-'))
  readonly #server: ChildProcess | undefined
  #url: string | undefined

  private constructor(serverFlags?: readonly string[]) {
    const program = join(root, 'test/cli/support/memory-server.ts')
    const args = ['--conditions=hearth-source', program, '--home', this.home, ...(serverFlags ?? [])]
    if (serverFlags) this.#server = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
  }

  /** With a server whose machines are pretended; with `--port` on TCP too. */
  static async pretended(...flags: string[]): Promise<CliBed> {
    const bed = new CliBed(flags)
    const server = bed.#server as ChildProcess
    const [line] = await Promise.race([
      once(server.stdio[3] as Readable, 'data'),
      once(server, 'exit').then(([code]) => Promise.reject(new Error(`the server ended with code ${code}`))),
    ])
    bed.#url = (JSON.parse(String(line)) as { url?: string }).url
    return bed
  }

  /** How its server is reached over TCP, by the key that it made for its admin. */
  get remote(): { readonly baseUrl: string; readonly apiKey: string } {
    if (this.#url === undefined) throw new Error('this server does not listen on TCP')
    return { baseUrl: this.#url, apiKey: readFileSync(join(this.home, 'keys/admin'), 'utf8').trim() }
  }

  /** With the server that the first command starts. */
  static real(): CliBed {
    return new CliBed()
  }

  async stop(): Promise<void> {
    if (this.#server) await this.#stopPretended(this.#server)
    else {
      await this.hearth(['rm', '--all'])
      await this.hearth(['server', 'stop'])
    }
    rmSync(this.home, { recursive: true, force: true })
  }

  /** Runs `hearth …` to its end. */
  hearth(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
    return this.begin(args, options).ended
  }

  /** The data that a command with --json prints. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.hearth([...args, '--json'])
    if (code !== 0) throw new Error(`hearth ${args.join(' ')} ended with ${code}: ${stderr}`)
    return JSON.parse(stdout) as T
  }

  /** Begins `hearth …`. */
  begin(args: readonly string[], { input, env, cwd, keepOpen = false }: CommandOptions = {}): Running {
    const child = spawn(process.execPath, [hearthProgram, ...args], {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, HEARTH_HOME: this.home, HEARTH_LOG: '', ...env },
      stdio: [input === undefined && !keepOpen ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    if (keepOpen) child.stdin?.write(input ?? '')
    else child.stdin?.end(input)
    const ended = end(child)
    // Whoever waits for the end hears of a failure; a test that cuts the command off does not wait.
    ended.catch(() => undefined)
    return { child, ended }
  }

  async #stopPretended(server: ChildProcess): Promise<void> {
    const gone = server.exitCode === null ? once(server, 'exit') : undefined
    server.kill('SIGTERM')
    await gone
  }
}

async function end(child: ChildProcess): Promise<Ended> {
  const [stdout, stderr, [code]] = await Promise.all([
    buffer(child.stdout as Readable),
    buffer(child.stderr as Readable),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  return { code, stdout: stdout.toString(), stderr: stderr.toString() }
}
