import { once } from 'node:events'
import { createReadStream, createWriteStream, watch } from 'node:fs'
import { chmod, lstat, mkdir, readdir, readlink, rename, rm, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join, relative } from 'node:path'
import type { Duplex } from 'node:stream'
import {
  type AssignRequest,
  type ExecRequest,
  type FileStat,
  HearthError,
  type IdentifyRequest,
  type ReceiptItem,
} from '@hearth/model'
import { HostExec } from './host-exec.ts'
import type { HostMachine } from './host-machine.ts'

const done = (name: ReceiptItem['name'], evidence: string): ReceiptItem => ({ name, status: 'done', evidence })

/** The guest agent's requests, carried out on this computer. */
export class HostSession {
  readonly hello: object
  readonly closed: Promise<undefined>
  isOver = false
  readonly #guest: HostMachine
  readonly #stream: Duplex

  constructor(guest: HostMachine, stream: Duplex) {
    this.#guest = guest
    this.#stream = stream
    this.hello = {
      protocol: 1,
      agentVersion: 'host',
      capabilities: ['pty', 'watch', 'freeze', 'dial'],
      bootId: 'b',
      kernel: 'k',
      init: true,
      generation: guest.remembered.generation,
      uptimeMs: 1,
    }
    this.closed = once(stream, 'close').then(() => {
      this.isOver = true
      return undefined
    })
  }

  async identify({ machineUuid, generation }: IdentifyRequest): Promise<ReceiptItem[]> {
    Object.assign(this.#guest.remembered, { machineUuid, generation })
    return [done('machine_id', machineUuid), done('generation', String(generation))]
  }

  async assign({ hostname, env, secrets, files }: AssignRequest): Promise<ReceiptItem[]> {
    Object.assign(this.#guest.remembered, { hostname, env: { ...env }, secrets: { ...secrets } })
    for (const file of files) {
      await mkdir(dirname(join(this.#guest.folder, file.path)), { recursive: true })
      const { content, done: written } = await this.writeFile(file.path, file.mode)
      content.end(file.content)
      await written
    }
    return [done('hostname', hostname), done('env', String(Object.keys(env).length))]
  }

  async quiesce() {
    this.close()
    return { frozen: true, synced: true }
  }

  async thaw(request: { env?: Record<string, string>; secrets?: Record<string, string> }): Promise<void> {
    Object.assign(this.#guest.remembered, request.env && { env: request.env }, request.secrets && { secrets: request.secrets })
  }

  async exec(request: ExecRequest): Promise<HostExec> {
    return HostExec.start(this.#guest, request)
  }

  async attach(target: { execId: number } | { tag: string }): Promise<HostExec> {
    return HostExec.find(this.#guest, target)
  }

  async listExecs() {
    return HostExec.list(this.#guest)
  }

  async stat(path: string): Promise<FileStat> {
    return this.#guarded(path, () => this.#describe(path))
  }

  async list(path: string, depth: number): Promise<FileStat[]> {
    return this.#guarded(path, async () => {
      const names = await readdir(this.#real(path))
      const entries = await Promise.all(names.map((name) => this.#describe(join(path, name))))
      const below = entries.filter((entry) => entry.kind === 'directory' && depth > 1)
      return [...entries, ...(await Promise.all(below.map((entry) => this.list(entry.path, depth - 1)))).flat()]
    })
  }

  async readFile(path: string) {
    return this.#guarded(path, async () => {
      const found = await stat(this.#real(path))
      if (!found.isFile()) throw new HearthError('guest_error', `${path}: is a directory`)
      return { stat: await this.#describe(path, found), content: createReadStream(this.#real(path)) }
    })
  }

  async writeFile(path: string, mode: number) {
    const partial = `${this.#real(path)}.partial`
    return this.#guarded(path, async () => {
      await stat(dirname(this.#real(path)))
      const content = createWriteStream(partial)
      const closed = new Promise<void>((resolve) => content.once('close', resolve))
      const written = closed.then(async () => {
        if (!content.writableFinished) return rm(partial, { force: true })
        await chmod(partial, mode)
        await rename(partial, this.#real(path))
      })
      return { content, done: written }
    })
  }

  async mkdir(path: string, mode: number): Promise<void> {
    await this.#guarded(path, async () => {
      await mkdir(this.#real(path), { recursive: true })
      await chmod(this.#real(path), mode)
    })
  }

  async move(from: string, to: string): Promise<void> {
    await this.#guarded(from, () => rename(this.#real(from), this.#real(to)))
  }

  async remove(path: string, recursive: boolean): Promise<void> {
    await this.#guarded(path, () => rm(this.#real(path), { recursive }))
  }

  async *watch(path: string, _recursive: boolean, { signal }: { signal?: AbortSignal } = {}) {
    const changes = watch(this.#real(path))
    const leave = () => changes.close()
    signal?.addEventListener('abort', leave, { once: true })
    while (!signal?.aborted) {
      const [kind, name] = await once(changes, 'change', signal ? { signal } : {})
      yield { kind: kind === 'rename' ? 'create' : 'write', path: String(name) }
    }
  }

  async dial(port: number): Promise<Duplex> {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      throw new HearthError('guest_error', `port ${port}: refused`, { cause: error })
    }
  }

  async listeningPorts(): Promise<number[]> {
    return []
  }

  async metrics() {
    return {
      memTotalBytes: 1024 ** 3,
      memAvailableBytes: 512 * 1024 ** 2,
      cpuCount: 1,
      cpuBusyMs: 1,
      diskTotalBytes: 1024 ** 3,
      diskUsedBytes: 1024,
      processes: 1,
    }
  }

  async shutdown(): Promise<void> {
    this.#guest.powerOff()
  }

  close(): void {
    this.isOver = true
    this.#stream.destroy()
  }

  #real(path: string): string {
    return join(this.#guest.folder, path)
  }

  async #describe(path: string, known?: Awaited<ReturnType<typeof lstat>>): Promise<FileStat> {
    const found = known ?? (await lstat(this.#real(path)))
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : found.isSymbolicLink() ? 'symlink' : 'other'
    const { size, mode, uid, gid, mtimeMs } = found
    return {
      path: `/${relative(this.#guest.folder, this.#real(path))}`,
      kind,
      sizeBytes: Number(size),
      mode: Number(mode) & 0o7777,
      uid: Number(uid),
      gid: Number(gid),
      mtimeMs: Math.floor(Number(mtimeMs)),
      ...(kind === 'symlink' && { target: await readlink(this.#real(path)) }),
    }
  }

  /** Errors of files as the guest agent words them. */
  async #guarded<T>(path: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      if (error instanceof HearthError) throw error
      throw new HearthError('guest_error', `${path}: ${(error as Error).message}`, { cause: error })
    }
  }
}
