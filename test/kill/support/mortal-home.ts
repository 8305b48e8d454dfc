import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { hostTraces } from '../../support/host-traces.ts'
import { waitUntil } from '../../support/wait-until.ts'
import { MortalServer } from './mortal-server.ts'

const halfDone = ['starting', 'stopping', 'creating', 'deleting', 'building']

/** A HEARTH_HOME on this computer's QEMU whose servers die, one after another. What it counts it counts from the host. */
export class MortalHome {
  readonly path: string
  /** The one that serves now. */
  server: MortalServer
  /** Where that one dies; nowhere when empty. */
  armed = ''
  readonly #env: Readonly<Record<string, string>>

  private constructor(path: string, env: Readonly<Record<string, string>>, server: MortalServer) {
    this.path = path
    this.#env = env
    this.server = server
  }

  /** `env` is for all of its servers. */
  static async make(env: Readonly<Record<string, string>> = {}): Promise<MortalHome> {
    // Short, because a unix socket's path holds 107 bytes.
    const path = await mkdtemp(join(tmpdir(), 'hk-'))
    await chmod(path, 0o711)
    try {
      return new MortalHome(path, env, await MortalServer.start(path, env))
    } catch (error) {
      await rm(path, { recursive: true, force: true })
      throw error
    }
  }

  get hearth() {
    return this.server.hearth
  }

  /** Kills the server unless it is dead, and starts another one that dies at `armed`. */
  async restart(armed = ''): Promise<void> {
    if (this.server.isAlive) await this.server.kill()
    this.armed = armed
    this.server = await MortalServer.start(this.path, { ...this.#env, HEARTH_FAILPOINT: armed })
  }

  /** After a test that failed with its server dead, the next one has one all the same. */
  async ensureServer(): Promise<void> {
    if (!this.server.isAlive) await this.restart()
  }

  /** Everything that has a row, by id. */
  async rows(): Promise<Map<string, string>> {
    const rows = new Map<string, string>()
    for await (const { id, state } of this.hearth.machines.list({ all: true })) rows.set(id, state)
    for await (const { id, state } of this.hearth.snapshots) rows.set(id, state)
    for (const { ref, state } of await this.hearth.templates.list()) rows.set(ref, state)
    return rows
  }

  /** Nothing is half done, and the host has what the rows say that it has, and nothing else. */
  async mustBeWhole(): Promise<void> {
    const rows = await this.rows()
    expect([...rows].filter(([, state]) => halfDone.includes(state))).toEqual([])
    const having = (pattern: RegExp, ...states: string[]) =>
      [...rows].flatMap(([id, state]) => (pattern.test(id) && states.includes(state) ? [id] : [])).sort()
    const machines = having(/^m-/, 'running', 'paused')
    const snapshots = having(/^s-/, 'ready', 'quarantined')
    const templates = having(/@/, 'ready')
    expect(await this.#folders('machines')).toEqual(machines)
    expect(await this.#folders('snapshots')).toEqual(snapshots)
    expect(await this.#folders('templates')).toEqual(templates)
    expect(await this.#folders('tmp')).toEqual(['qemu'])
    expect(await this.#folders('tmp/qemu')).toEqual([])
    // A process that was killed is gone when its first thread is; the others may take a moment more.
    await waitUntil('the end of what is not in the rows', () => this.processes().length === machines.length + 2)
    const { sockets } = hostTraces(this.path)
    const expected = [
      'hearth.sock',
      'launcher.sock',
      ...machines.flatMap((id) => [`machines/${id}/agent.sock`, `machines/${id}/qmp.sock`]),
    ]
    expect([...new Set(sockets)].sort()).toEqual(expected.map((name) => join(this.path, name)).sort())
    const known = new Set([...machines, ...snapshots])
    expect(this.memoryFiles().filter((id) => !known.has(id))).toEqual([])
  }

  /** Server, launcher and machines, by what the kernel says of them. */
  processes(): readonly string[] {
    return hostTraces(this.path).processes
  }

  /** Kills the parent of all machines of this home. */
  async killLauncher(): Promise<void> {
    const pid = this.#launcherPid()
    process.kill(pid, 'SIGKILL')
    await waitUntil('the end of the launcher', () => !this.processes().some((line) => line.startsWith(`${pid} `)))
  }

  /** The ids of the memory files that the launcher holds. */
  memoryFiles(): string[] {
    const links = execFileSync('ls', ['-l', `/proc/${this.#launcherPid()}/fd`], { encoding: 'utf8' })
    return [...links.matchAll(/memfd:\S*?([ms]-[a-z0-9]{16})/g)].map(([, id = '']) => id)
  }

  /** Ends all machines and the server; nothing is left. */
  async close(): Promise<void> {
    try {
      await this.ensureServer()
      for await (const machine of this.hearth.machines) await machine.remove()
      await this.server.stop()
      await waitUntil('the end of the launcher', () => this.processes().length === 0)
    } finally {
      for (const line of this.processes()) process.kill(Number(line.split(' ')[0]), 'SIGKILL')
      await rm(this.path, { recursive: true, force: true })
    }
  }

  #launcherPid(): number {
    const launcher = this.processes().find((line) => line.includes('hearth-launcher'))
    if (!launcher) throw new Error(`no launcher of ${this.path} runs`)
    return Number(launcher.split(' ')[0])
  }

  async #folders(name: string): Promise<string[]> {
    return (await readdir(join(this.path, name))).sort()
  }
}
