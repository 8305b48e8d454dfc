import { posix } from 'node:path'
import type { Clock, WatchEvent } from '@hearth/model'
import type { FieldList } from '../../fields/field-list.ts'
import { fileKindNumber } from '../file-stat.ts'
import { events, methods } from '../messages.ts'
import { watchKindNumber } from '../watch-stream.ts'
import { CreditedOutput } from './credited-output.ts'
import { guestNow } from './double-identity.ts'
import { type GuestStream, Refusal } from './guest-link.ts'
import { type DoubleFile, type GuestState, newFile } from './guest-state.ts'

type Fields<L> = L extends FieldList<infer T> ? T : never
type Watch = { readonly stream: GuestStream; readonly path: string; readonly recursive: boolean }
type Write = { readonly path: string; readonly mode: number; readonly chunks: Buffer[]; received: number; done: boolean }

/** The files of a double: a map of paths. Symbolic links are shown and not followed. */
export class DoubleFiles {
  readonly #state: GuestState
  readonly #clock: Clock
  readonly #watches = new Set<Watch>()
  readonly #writes = new Map<number, Write>()
  #nextWriteId = 1

  constructor(state: GuestState, clock: Clock) {
    this.#state = state
    this.#clock = clock
  }

  stat(stream: GuestStream, { path }: { readonly path: string }): void {
    stream.reply(methods.stat.reply, statFields(path, this.#file(path)))
  }

  list(stream: GuestStream, { path, depth }: { readonly path: string; readonly depth: number }): void {
    if (this.#file(path).kind !== 'directory') throw new Refusal('not_directory', `${path} is no directory`)
    const prefix = path.endsWith('/') ? path : `${path}/`
    for (const [name, file] of [...this.#state.files].sort()) {
      const below = name.startsWith(prefix) ? name.slice(prefix.length) : ''
      if (below !== '' && below.split('/').length <= depth) stream.event(events.entry, statFields(name, file))
    }
    stream.reply(methods.list.reply, {})
  }

  read(stream: GuestStream, { path, offset }: { readonly path: string; readonly offset: number }): void {
    const file = this.#file(path)
    if (file.kind === 'directory') throw new Refusal('is_directory', `${path} is a directory`)
    stream.event(events.entry, statFields(path, file))
    const output = new CreditedOutput(stream, 1)
    stream.onCredit = (_channel, bytes) => output.addCredit(bytes)
    output.send(file.content.subarray(offset))
    output.whenDrained(() => {
      stream.end(1)
      stream.reply(methods.read.reply, {})
    })
  }

  write(stream: GuestStream, request: Fields<typeof methods.write.request>): void {
    const path = meant(request.path)
    const parent = posix.dirname(path)
    if (this.#state.files.get(parent)?.kind !== 'directory') throw new Refusal('not_found', `${parent}: no such directory`)
    if (this.#state.files.get(path)?.kind === 'directory') throw new Refusal('is_directory', `${path} is a directory`)
    const id = request.resume ?? this.#nextWriteId++
    const write = request.resume === undefined ? newWrite(path, request.mode) : this.#writes.get(id)
    if (write === undefined) throw new Refusal('not_found', 'this write is not known')
    if (write.received < (request.offset ?? 0)) throw new Refusal('invalid', `only ${write.received} bytes are here`)
    this.#writes.set(id, write)
    stream.onData = (bytes) => {
      write.chunks.push(bytes)
      write.received += bytes.length
      stream.credit(0, bytes.length)
    }
    stream.onEnd = () => this.#finish(stream, write)
    stream.onCancel = () => this.#writes.delete(id)
    // Last: the host may send within the call.
    stream.event(events.writing, { writeId: id, received: write.received })
    if (write.done) this.#finish(stream, write)
  }

  mkdir(stream: GuestStream, { path, mode }: { readonly path: string; readonly mode: number }): void {
    let made = ''
    for (const part of meant(path)
      .split('/')
      .filter((one) => one !== '')) {
      made += `/${part}`
      const there = this.#state.files.get(made)
      if (there === undefined) this.put(made, newFile('directory', mode, this.#now()))
      else if (there.kind !== 'directory') throw new Refusal('not_directory', `${made} is no directory`)
    }
    stream.reply(methods.mkdir.reply, {})
  }

  move(stream: GuestStream, request: { readonly from: string; readonly to: string }): void {
    const [from, to] = [meant(request.from), meant(request.to)]
    this.#file(from)
    for (const [path, file] of [...this.#state.files]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue
      this.#state.files.delete(path)
      this.#state.files.set(to + path.slice(from.length), file)
    }
    this.#notice('rename', to)
    stream.reply(methods.move.reply, {})
  }

  remove(stream: GuestStream, request: { readonly path: string; readonly recursive: boolean }): void {
    const { recursive } = request
    const path = meant(request.path)
    this.#file(path)
    const inside = [...this.#state.files.keys()].filter((one) => one.startsWith(`${path}/`))
    if (inside.length > 0 && !recursive) throw new Refusal('not_empty', `${path} is not empty`)
    for (const one of [path, ...inside]) this.#state.files.delete(one)
    this.#notice('remove', path)
    stream.reply(methods.remove.reply, {})
  }

  getXattr(stream: GuestStream, { path, name }: { readonly path: string; readonly name: string }): void {
    const value = this.#file(path).xattrs.get(name)
    if (value === undefined) throw new Refusal('not_found', `${path} has no ${name}`)
    stream.reply(methods.getXattr.reply, { value })
  }

  setXattr(stream: GuestStream, request: Fields<typeof methods.setXattr.request>): void {
    this.#file(request.path).xattrs.set(request.name, Buffer.from(request.value))
    stream.reply(methods.setXattr.reply, {})
  }

  watch(stream: GuestStream, { path, recursive }: { readonly path: string; readonly recursive: boolean }): void {
    this.#file(path)
    const watch = { stream, path: path.endsWith('/') ? path : `${path}/`, recursive }
    this.#watches.add(watch)
    stream.onCancel = () => this.#watches.delete(watch)
    stream.onBroken = () => this.#watches.delete(watch)
    stream.event(events.watching, {})
  }

  /** Puts a file into its place and tells those who watch. */
  put(path: string, file: DoubleFile): void {
    const kind = this.#state.files.has(path) ? 'write' : 'create'
    this.#state.files.set(path, file)
    this.#notice(kind, path)
  }

  #finish(stream: GuestStream, write: Write): void {
    if (!write.done) this.put(write.path, newFile('file', write.mode, this.#now(), Buffer.concat(write.chunks)))
    write.done = true
    write.chunks.length = 0
    stream.reply(methods.write.reply, {})
  }

  #file(path: string): DoubleFile {
    const file = this.#state.files.get(meant(path))
    if (file === undefined) throw new Refusal('not_found', `${path}: no such file or directory`)
    return file
  }

  #notice(kind: WatchEvent['kind'], path: string): void {
    for (const watch of this.#watches) {
      const below = path.startsWith(watch.path) ? path.slice(watch.path.length) : ''
      if (below === '' || (!watch.recursive && below.includes('/'))) continue
      watch.stream.event(events.changed, { kind: watchKindNumber(kind), path: below })
    }
  }

  #now(): number {
    return Math.round(guestNow(this.#state, this.#clock))
  }
}

/** Where a path leads, as long as no symbolic link is in it. */
function meant(path: string): string {
  const normal = posix.normalize(path)
  return normal === '/' ? normal : normal.replace(/\/+$/, '')
}

function newWrite(path: string, mode: number): Write {
  return { path, mode, chunks: [], received: 0, done: false }
}

function statFields(path: string, file: DoubleFile) {
  const { kind, content, mode, uid, gid, mtimeMs, target } = file
  return { path, kind: fileKindNumber(kind), size: content.length, mode, uid, gid, mtimeMs: Math.round(mtimeMs), target }
}
