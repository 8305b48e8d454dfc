import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { silentLog } from '@hearth/model'
import { ensureLauncher } from './ensure-launcher.ts'
import type { LauncherClient, SpawnRequest } from './launcher-client.ts'

const built = fileURLToPath(new URL('../../../../build/launcher/hearth-launcher', import.meta.url))

/** The launcher program: HEARTH_LAUNCHER, else the one that set-up builds. `undefined` only where nothing could build it. */
export function findLauncher(): string | undefined {
  const path = process.env.HEARTH_LAUNCHER ?? built
  if (existsSync(path)) return path
  const hasCargo = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'cargo')))
  if (hasCargo) throw new Error(`${path} is not there: build it with "node tools/rust.mjs build"`)
  console.error(`THE LAUNCHER WAS NOT TESTED: ${path} is not there, and there is no cargo to build it with.`)
  return undefined
}

/** A home with launchers in it; all of them and their children are gone after `dispose`. */
export class TestHome {
  readonly path: string
  readonly #binary: string
  readonly #clients: LauncherClient[] = []

  private constructor(path: string, binary: string) {
    this.path = path
    this.#binary = binary
  }

  static async make(binary: string): Promise<TestHome> {
    return new TestHome(await mkdtemp(join(tmpdir(), 'hearth-launcher-')), binary)
  }

  file(name: string): string {
    return join(this.path, name)
  }

  /** A client of this home's launcher, which is started when there is none. */
  async client(signal?: AbortSignal): Promise<LauncherClient> {
    const client = await ensureLauncher({
      home: this.path,
      binary: this.#binary,
      log: silentLog,
      idleExitMs: 10_000,
      ...(signal ? { signal } : {}),
    })
    this.#clients.push(client)
    return client
  }

  /** A spawn of `argv` with everything else as it usually is. */
  spawnOf(id: string, ...argv: string[]): SpawnRequest {
    return { id, argv, env: [], cwd: '/', stderr: this.file('child.log') }
  }

  async dispose(): Promise<void> {
    const last = await this.client()
    const children = await last.list()
    const gone = children.map(({ id }) => exitOf(last, id))
    await Promise.all(children.map(({ id }) => last.kill(id, 9)))
    await Promise.all(gone)
    await last.shutdown()
    await last.closed
    for (const client of this.#clients) await client.close()
    await rm(this.path, { recursive: true })
  }
}

/** The exit of one child, when it comes. */
export function exitOf(client: LauncherClient, id: string): Promise<{ code?: number | undefined; signal?: number | undefined }> {
  return new Promise((resolve) => {
    const stop = client.onExit((exit) => {
      if (exit.id !== id) return
      stop()
      resolve(exit)
    })
  })
}

/** Whether a process lives; a zombie does not. */
export async function lives(pid: number): Promise<boolean> {
  try {
    return !(await readFile(`/proc/${pid}/stat`, 'utf8')).includes(') Z ')
  } catch {
    return false // no such process
  }
}
