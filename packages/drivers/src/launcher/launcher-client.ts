import { rm } from 'node:fs/promises'
import { constants } from 'node:os'
import type { HearthError } from '@hearth/model'
import { ExitNews, type LauncherExit } from './exit-news.ts'
import { type CallOptions, LauncherConnection } from './launcher-connection.ts'
import { descriptorKinds, exitEvent, operations } from './operations.ts'

/** Something a child is born with. They become its descriptors 3, 4, 5 … in order. */
export type SpawnDescriptor =
  | { readonly kind: 'read' | 'read-write'; readonly path: string }
  /** A unix socket that listens at `path`, made by the launcher; its descriptor is non-blocking. */
  | { readonly kind: 'listen'; readonly path: string }
  /** A memory file that `memfd` has made. */
  | { readonly kind: 'memfd'; readonly id: string }
  /** A file opened for append, made with `mode` when there is none. */
  | { readonly kind: 'append'; readonly path: string; readonly mode: number }

export interface SpawnRequest {
  /** Names the child until it ends. */
  readonly id: string
  /** The first is the absolute path of the program. */
  readonly argv: readonly string[]
  /** The whole environment, as NAME=VALUE: nothing is inherited. */
  readonly env: readonly string[]
  readonly cwd: string
  /** The file to which stdout and stderr are appended. */
  readonly stderr: string
  readonly descriptors?: readonly SpawnDescriptor[]
  readonly uid?: number
  readonly gid?: number
  /** A network namespace of its own, with only `lo`. */
  readonly netns?: boolean
  readonly nice?: number
}

/** A process, beyond doubt: the pid, and the start time in clock ticks after boot (field 22 of /proc/PID/stat). */
export interface LauncherProcess {
  readonly pid: number
  readonly startTime: number
}

export interface LauncherChild extends LauncherProcess {
  readonly id: string
  readonly argv0: string
}

export interface LauncherCapture {
  readonly pages: number
  readonly runs: number
  readonly bytes: number
  /** One bit for each block of the file that holds a captured page, lowest bit first. */
  readonly blocks: Uint8Array
}

/**
 * The launcher of one home, as its client sees it (docs/launcher-protocol.md). Reconnecting is the caller's matter: when
 * `closed` resolves, this client is over. Errors are `driver_*` with the name of the errno in `details.errno`.
 * A call whose signal is aborted is undone in the launcher and then rejects with the signal's reason.
 */
export class LauncherClient {
  readonly version: string
  /** The launcher's own pid. */
  readonly pid: number
  readonly #connection: LauncherConnection
  readonly #news: ExitNews

  private constructor(connection: LauncherConnection, news: ExitNews, hello: { version: string; pid: number }) {
    this.#connection = connection
    this.#news = news
    this.version = hello.version
    this.pid = hello.pid
  }

  /** @throws the error of `connect` as it is when nobody listens at `socketPath` */
  static async connect(socketPath: string, options?: CallOptions): Promise<LauncherClient> {
    const news = new ExitNews()
    const connection = await LauncherConnection.open(socketPath, (fields) => news.tell(exitEvent.decode(fields)))
    try {
      const hello = await connection.call(operations.hello, {}, options)
      const client = new LauncherClient(connection, news, hello)
      news.onHeard = (exit) => client.#heard(exit)
      return client
    } catch (error) {
      await connection.close()
      throw error
    }
  }

  /** Resolves when the connection is over: with the reason, or with nothing after `close`. */
  get closed(): Promise<HearthError | undefined> {
    return this.#connection.closed
  }

  /** Lets go of the launcher; it and its children go on. */
  async close(): Promise<void> {
    await this.#connection.close()
  }

  /**
   * Told of every exit, also of those before this client came that nobody has heard of. They wait for the first listener.
   * Returns the way to stop listening.
   */
  onExit(listener: (exit: LauncherExit) => void): () => void {
    return this.#news.listen(listener)
  }

  /** Resolves when the child executes its program. A spawn that fails leaves no socket and no process. */
  async spawn(request: SpawnRequest, options?: CallOptions): Promise<LauncherProcess> {
    const { descriptors = [] } = request
    const fields = {
      ...request,
      descriptors: descriptors.map(({ kind, ...descriptor }) => ({ kind: descriptorKinds[kind], ...descriptor })),
    }
    return await this.#connection.call(operations.spawn, fields, { ...options, undo: () => this.#unspawn(request) })
  }

  /** The living children. */
  async list(options?: CallOptions): Promise<readonly LauncherChild[]> {
    const { children } = await this.#connection.call(operations.list, {}, options)
    return children
  }

  /** @throws `driver_not_found` when there is no living child of that id */
  async kill(id: string, signal: number, options?: CallOptions): Promise<void> {
    await this.#connection.call(operations.kill, { id, signal }, options)
  }

  /** Watches a process that another launcher has started. Its exit will have neither code nor signal. @throws `driver_not_found` */
  async adopt(child: LauncherProcess & { readonly id: string }, options?: CallOptions): Promise<void> {
    const { id, pid, startTime } = child
    await this.#connection.call(operations.adopt, { id, pid, startTime }, options)
  }

  /** Copies a file sparsely to a new one; resolves to its size in bytes. A copy that fails leaves nothing. */
  async copy(
    request: { from: string; to: string; mode: number; uid?: number; gid?: number },
    options?: CallOptions,
  ): Promise<number> {
    const undo = () => rm(request.to, { force: true })
    return (await this.#connection.call(operations.copy, request, { ...options, undo })).bytes
  }

  /**
   * Writes the pages that a child has made its own of its private mapping of `match` (the path as in /proc/PID/maps) to the same offsets of the existing file `to`. Pause the child before.
   * With `warm` the file keeps its content: its places for those pages are only brought into memory. Done before the pause, it makes
   * the pause about half as long.
   */
  async capture(
    request: { id: string; match: string; to: string; blockBytes: number; warm?: boolean },
    options?: CallOptions,
  ): Promise<LauncherCapture> {
    return await this.#connection.call(operations.capture, request, options)
  }

  /**
   * Finds the memory file of that id or makes it, filled from `from`. `seal`: nobody can write it any more.
   * Resolves to its size and how long it took.
   */
  async memfd(
    request: { id: string; sizeBytes: number; from?: string; seal?: boolean },
    options?: CallOptions,
  ): Promise<{ readonly bytes: number; readonly tookUs: number }> {
    return await this.#connection.call(operations.memfd, request, options)
  }

  /** Writes a memory file to a new file, sparsely, and durably unless told not to; resolves to its size in bytes. */
  async memfdSave(request: { id: string; to: string; mode: number; durable?: boolean }, options?: CallOptions): Promise<number> {
    const undo = () => rm(request.to, { force: true })
    return (await this.#connection.call(operations.memfdSave, request, { ...options, undo })).bytes
  }

  /** Forgets a memory file; children that map it keep it. Succeeds when there is none. */
  async memfdDrop(id: string, options?: CallOptions): Promise<void> {
    await this.#connection.call(operations.memfdDrop, { id }, options)
  }

  async memfds(
    options?: CallOptions,
  ): Promise<readonly { readonly id: string; readonly sizeBytes: number; readonly sealed: boolean }[]> {
    return (await this.#connection.call(operations.memfds, {}, options)).memfds
  }

  /** When the log is larger than `maxBytes`: keeps its last `keepBytes` in PATH.1 and empties it. Tells whether it was. */
  async trimLog(request: { path: string; maxBytes: number; keepBytes: number }, options?: CallOptions): Promise<boolean> {
    return (await this.#connection.call(operations.trimLog, request, options)).trimmed
  }

  /** Makes files and directories survive a power cut. */
  async fsync(paths: readonly string[], options?: CallOptions): Promise<void> {
    await this.#connection.call(operations.fsync, { paths }, options)
  }

  /** SHA-256 (lower-case hex) and size of a file, holes as zeros. */
  async hash(path: string, options?: CallOptions): Promise<{ readonly sha256: string; readonly sizeBytes: number }> {
    const { sha256, sizeBytes } = await this.#connection.call(operations.hash, { path }, options)
    return { sha256: Buffer.from(sha256).toString('hex'), sizeBytes }
  }

  /** For tests: the offset of the first byte in which a child's mapping differs from a file; `undefined` when they are equal. */
  async compare(request: { id: string; match: string; with: string }, options?: CallOptions): Promise<number | undefined> {
    return (await this.#connection.call(operations.compare, request, options)).firstDifference
  }

  /** Ends the launcher. @throws `driver_busy` while it has children */
  async shutdown(options?: CallOptions): Promise<void> {
    await this.#connection.call(operations.shutdown, {}, options)
  }

  /** A child that came although its call was given up: it goes again, with its sockets. */
  async #unspawn(request: SpawnRequest): Promise<void> {
    await this.kill(request.id, constants.signals.SIGKILL)
    const sockets = (request.descriptors ?? []).filter((descriptor) => descriptor.kind === 'listen')
    await Promise.all(sockets.map(({ path }) => rm(path, { force: true })))
  }

  #heard({ id, pid }: LauncherExit): void {
    // When this does not arrive the connection is over (`closed` tells), and the next client hears of the exit: as it should.
    this.#connection.call(operations.heard, { id, pid }).catch(() => undefined)
  }
}
