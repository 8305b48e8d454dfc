import { asBody, type ByteSource, type ByteStream, collectBytes, iterateBytes } from './bytes.ts'
import { HearthConnectionError } from './errors.ts'
import type { Cancellable } from './options.ts'
import type { FileStatResource, WatchEventResource } from './resources.ts'
import type { Scope } from './scope.ts'
import { readEvents } from './server-sent-events.ts'

/**
 * A file on its way out of a machine.
 *
 * ```ts
 * await machine.files.write('/tmp/a', 'abc')
 * const file: FileDownload = await machine.files.read('/tmp/a')
 * assert.deepEqual([file.stat.sizeBytes, await file.text()], [3, 'abc'])
 * ```
 */
export interface FileDownload extends AsyncIterable<Uint8Array> {
  readonly stat: FileStatResource
  bytes(): Promise<Uint8Array>
  text(): Promise<string>
}

/**
 * How a file is written.
 *
 * ```ts
 * const options: WriteOptions = { mode: '0755' }
 * await machine.files.write('/tmp/run.sh', '#!/bin/sh\necho ran\n', options)
 * assert.equal((await machine.files.stat('/tmp/run.sh')).mode, '0755')
 * ```
 */
export interface WriteOptions extends Cancellable {
  /** Octal permission bits, `0644` when absent. */
  readonly mode?: string
  /** Name or `uid[:gid]`; root when absent. */
  readonly owner?: string
}

/**
 * The files of one machine. Paths are absolute.
 *
 * ```ts
 * const files: MachineFiles = machine.files
 * await files.makeDirectory('/tmp/project/src')
 * await files.write('/tmp/project/src/main.py', 'print(1)')
 * await files.move('/tmp/project/src/main.py', '/tmp/project/main.py')
 * const found = await files.list('/tmp/project', { depth: 2 })
 * assert.deepEqual(found.map(({ path }) => path).sort(), ['/tmp/project/main.py', '/tmp/project/src'])
 * await files.remove('/tmp/project', { recursive: true })
 * ```
 */
export class MachineFiles {
  readonly #scope: Scope
  readonly #machine: string

  constructor(scope: Scope, machine: string) {
    this.#scope = scope
    this.#machine = machine
  }

  stat(path: string, options: Cancellable = {}): Promise<FileStatResource> {
    return this.#scope.transport.json('GET', this.#path('stat'), { query: { path }, ...options })
  }

  /** What lies below a directory, `depth` levels down (1 to 16). */
  async list(path: string, options: Cancellable & { readonly depth?: number } = {}): Promise<FileStatResource[]> {
    const { depth = 1, signal } = options
    const query = { query: { path, depth }, ...(signal ? { signal } : {}) }
    const { items } = await this.#scope.transport.json<{ items: FileStatResource[] }>('GET', this.#path('list'), query)
    return items
  }

  /** Opens a file for reading; the content streams as it is iterated over. */
  async read(path: string, options: Cancellable = {}): Promise<FileDownload> {
    const response = await this.#scope.transport.send('GET', this.#path(), { query: { path }, ...options })
    const header = response.headers.get('x-hearth-stat')
    if (!response.body || header === null) throw new HearthConnectionError(`the answer for ${path} has no content`)
    return download(JSON.parse(header) as FileStatResource, response.body)
  }

  /** Writes a whole file; nobody in the machine sees a part of it, and an aborted write leaves nothing. */
  async write(path: string, content: ByteSource, options: WriteOptions = {}): Promise<void> {
    const { mode, owner, signal } = options
    const request = { query: { path, mode, owner }, body: asBody(content), ...(signal ? { signal } : {}) }
    await this.#scope.transport.done('PUT', this.#path(), request)
  }

  /** Makes a directory and those above it; one that exists is fine. */
  async makeDirectory(path: string, options: Cancellable & { readonly mode?: string } = {}): Promise<void> {
    const { mode, ...rest } = options
    await this.#scope.transport.done('POST', this.#path('mkdir'), { json: { path, mode }, ...rest })
  }

  async move(from: string, to: string, options: Cancellable = {}): Promise<void> {
    await this.#scope.transport.done('POST', this.#path('move'), { json: { from, to }, ...options })
  }

  async remove(path: string, options: Cancellable & { readonly recursive?: boolean } = {}): Promise<void> {
    const { recursive = false, ...rest } = options
    await this.#scope.transport.done('DELETE', this.#path(), { query: { path, recursive }, ...rest })
  }

  /** Changes in a directory, until the loop is left. Resolves when the server has begun to look. */
  async watch(
    path: string,
    options: Cancellable & { readonly recursive?: boolean } = {},
  ): Promise<AsyncGenerator<WatchEventResource, void, undefined>> {
    const { recursive = false, ...rest } = options
    return readEvents(await this.#scope.transport.stream('GET', this.#path('watch'), { query: { path, recursive }, ...rest }))
  }

  #path(...parts: string[]): string {
    return this.#scope.path('machines', this.#machine, 'files', ...parts)
  }
}

function download(stat: FileStatResource, body: ByteStream): FileDownload {
  return {
    stat,
    [Symbol.asyncIterator]: () => iterateBytes(body),
    bytes: () => collectBytes(body),
    text: async () => new TextDecoder().decode(await collectBytes(body)),
  }
}
