import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { join } from 'node:path'
import { type Readable, Writable } from 'node:stream'
import { type ExecExit, type ExecHandle, type ExecRequest, HearthError } from '@hearth/model'
import type { HostMachine } from './host-machine.ts'

const running = new WeakMap<HostMachine, HostExec[]>()

/** A program of a host guest; with a PTY, behind script(1). */
export class HostExec implements ExecHandle {
  readonly execId: number
  readonly pid: number
  readonly tag: string | undefined
  readonly argv: readonly string[]
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exit: Promise<ExecExit>
  readonly lostBytes = 0
  readonly onClose: 'kill' | 'keep'
  ended: ExecExit | undefined
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, request: ExecRequest, execId: number) {
    const { stdin, stdout, stderr, pid } = child
    if (!stdout || !stderr || pid === undefined) throw new HearthError('guest_error', `${request.argv[0]}: not found`)
    this.#child = child
    this.execId = execId
    this.pid = pid
    this.tag = request.tag
    this.argv = request.argv
    this.onClose = request.onClose ?? 'kill'
    this.stdin = stdin ?? new Writable({ write: (_chunk, _encoding, callback) => callback() })
    this.stdout = stdout
    this.stderr = stderr
    this.exit = once(child, 'exit').then(([code, signal]) => {
      this.ended = signal === null ? { code } : { code: 128 + signalNumber(signal), signal: signalNumber(signal) }
      return this.ended
    })
    process.once('exit', () => this.#kill('SIGKILL'))
  }

  static async start(guest: HostMachine, request: ExecRequest): Promise<HostExec> {
    const { cols, rows } = request.pty ?? { cols: 0, rows: 0 }
    const sized = `stty cols ${cols} rows ${rows}; exec ${request.argv.map(quoted).join(' ')}`
    const [program = '', ...args] = request.pty ? ['script', '-qefc', sized, '/dev/null'] : inFolder(guest, request.argv)
    const { env, secrets } = guest.remembered
    const child = spawn(program, args, {
      cwd: join(guest.folder, request.cwd ?? '/'),
      detached: true,
      stdio: [request.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/bin:/bin', TERM: 'xterm', GUEST: guest.folder, ...env, ...secrets, ...request.env },
    })
    try {
      await once(child, 'spawn')
    } catch (error) {
      throw new HearthError('guest_error', `${request.argv[0]}: not found`, { cause: error })
    }
    const known = running.get(guest) ?? []
    const exec = new HostExec(child, request, known.length + 1)
    running.set(guest, [...known, exec])
    return exec
  }

  static find(guest: HostMachine, target: { execId: number } | { tag: string }): HostExec {
    const known = running.get(guest) ?? []
    const found = known.find((exec) => ('tag' in target ? exec.tag === target.tag : exec.execId === target.execId))
    if (found) return found
    throw new HearthError('guest_error', 'there is no such process')
  }

  static list(guest: HostMachine) {
    return (running.get(guest) ?? []).map(({ execId, pid, argv, tag, ended }) => ({
      execId,
      pid,
      argv,
      ...(tag !== undefined && { tag }),
      running: ended === undefined,
      ...(ended && { exit: ended }),
      startedAtMs: 0,
    }))
  }

  async signal(signal: number): Promise<void> {
    this.#kill(signal)
  }

  async resize(): Promise<void> {
    // script(1) takes its size from its own terminal, and there is none.
  }

  close(): void {
    if (this.onClose === 'kill') this.#kill('SIGTERM')
  }

  #kill(signal: NodeJS.Signals | number): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) process.kill(-this.pid, signal)
  }
}

/** The one program whose paths are those of the machine. */
function inFolder(guest: HostMachine, argv: readonly string[]): readonly string[] {
  return argv[0] === 'ln' ? [...argv.slice(0, -1), join(guest.folder, argv.at(-1) ?? '')] : argv
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name]
}
