import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Hearth } from '@hearth/sdk'
import { connect } from '../../../packages/cli/src/connection/connect.ts'
import { type CommandOptions, type Ended, hearthProgram, type Running } from '../../cli/support/cli-bed.ts'
import { hostTraces } from '../../support/host-traces.ts'
import { waitUntil } from '../../support/wait-until.ts'

const quiet = { debug() {}, info() {}, warn: console.error, error: console.error }
const environment = () => ({ ...process.env, HEARTH_LOG: 'info' })

/** A HEARTH_HOME on this computer's QEMU, used as a person uses it: with the command line and the SDK. Nothing of it is left when it is disposed of. */
export class HearthHome implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<HearthHome> {
    // Short, because a unix socket's path holds 107 bytes.
    const path = await mkdtemp(join(tmpdir(), 'he-'))
    await chmod(path, 0o711)
    return new HearthHome(path)
  }

  /** A client of the server of this home, which is started when none runs. */
  client(): Promise<Hearth> {
    const target = { kind: 'home', home: this.path } as const
    return connect({ target, sockets: true, signal: AbortSignal.timeout(60_000), log: quiet, env: environment() })
  }

  /** Runs `hearth …` to its end. */
  hearth(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
    return this.begin(args, options).ended
  }

  /** Runs `hearth …` and gives what it printed. @throws when its exit code is not 0 */
  async said(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.hearth(args)
    if (code !== 0) throw new Error(`hearth ${args.join(' ')} ended with ${code}: ${stderr}`)
    return stdout
  }

  /** The data that a command with --json prints. */
  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.said(...args, '--json')) as T
  }

  /** Begins `hearth …`, in a process group of its own as a shell would. */
  begin(args: readonly string[], { input, keepOpen = false }: CommandOptions = {}): Running {
    const child = spawn(process.execPath, [hearthProgram, ...args], {
      env: { ...environment(), HEARTH_HOME: this.path, HEARTH_LOG: '' },
      stdio: [input === undefined && !keepOpen ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    if (keepOpen) child.stdin?.write(input ?? '')
    else child.stdin?.end(input)
    const ended = outcomeOf(child)
    // Whoever waits for the end hears of a failure; a test that cuts the command off does not wait.
    ended.catch(() => undefined)
    return { child, ended }
  }

  /** The process that serves this home now. */
  async serverPid(): Promise<number> {
    return (await (await this.client()).system.get()).pid
  }

  /** Kills the server as a crash would, and resolves when it is gone. */
  async killServer(): Promise<void> {
    await this.#kill(await this.serverPid())
  }

  /** Kills the launcher, the parent of all machines of this home. */
  async killLauncher(): Promise<void> {
    const launcher = this.processes().find(({ command }) => command.includes('hearth-launcher'))
    if (!launcher) throw new Error(`no launcher of ${this.path} runs`)
    await this.#kill(launcher.pid)
  }

  /** Every process on this host that has to do with this home. */
  processes(): { readonly pid: number; readonly command: string }[] {
    return hostTraces(this.path).processes.map((line) => ({
      pid: Number(line.split(' ')[0]),
      command: line.split(' ').slice(2).join(' '),
    }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const args of [
      ['rm', '--all'],
      ['server', 'stop'],
    ]) {
      const { code, stderr } = await this.hearth(args)
      if (code !== 0) console.error(`hearth ${args.join(' ')}: ${stderr}`)
    }
    for (const { pid } of this.processes()) process.kill(pid, 'SIGKILL')
    await waitUntil('the end of all processes', () => this.processes().length === 0)
    await rm(this.path, { recursive: true, force: true })
  }

  async #kill(pid: number): Promise<void> {
    process.kill(pid, 'SIGKILL')
    await waitUntil(`the end of ${pid}`, () => this.processes().every((one) => one.pid !== pid))
  }
}

async function outcomeOf(child: ChildProcess): Promise<Ended> {
  const [stdout, stderr, [code]] = await Promise.all([
    buffer(child.stdout as Readable),
    buffer(child.stderr as Readable),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  return { code, stdout: stdout.toString(), stderr: stderr.toString() }
}
