import { createHash, randomBytes } from 'node:crypto'
import { type Duplex, PassThrough, Readable, Writable } from 'node:stream'
import type { GuestState, MemoryGuest } from '@hearth/drivers'
import {
  type AssignRequest,
  type ExecExit,
  type ExecHandle,
  type ExecRequest,
  type GuestConnection,
  type GuestSession,
  HearthError,
  type IdentifyRequest,
  type OpenGuest,
  type ReceiptItem,
} from '@hearth/model'

interface Exec {
  execId: number
  argv: string[]
  tag?: string
  running: boolean
  exit?: ExecExit
}
interface Memory {
  bootId: string
  token: string
  env: Record<string, string>
  secrets: Record<string, string>
  hostname: string
  machineUuid: string
  generation: number
  seed: string
  frozen: boolean
  mac: string
  execs: Exec[]
  ports: number[]
  console: string
}
type Disk = Record<string, string>
const nonces = new Map<string, DirectGuest>()

export class DirectGuest implements MemoryGuest {
  memory: Memory
  disk: Disk
  lie: ((items: ReceiptItem[]) => ReceiptItem[]) | undefined
  silent = false
  readonly ended: (how: string) => void
  readonly stops = new Set<() => void>()
  constructor(options: { state?: GuestState; ended: (how: string) => void }) {
    this.ended = options.ended
    this.memory = (options.state?.memory as Memory) ?? {
      bootId: randomBytes(8).toString('hex'),
      token: '',
      env: {},
      secrets: {},
      hostname: 'localhost',
      machineUuid: '0'.repeat(32),
      generation: 0,
      seed: 'seed',
      frozen: false,
      mac: '',
      execs: [],
      ports: [],
      console: 'booted\n',
    }
    this.disk = (options.state?.disk as Disk) ?? {}
  }
  serve(stream: Duplex): void {
    stream.on('error', () => undefined)
    stream.once('data', (nonce: Buffer) => {
      if (this.silent) return
      nonces.set(nonce.toString(), this)
      stream.write('ok')
    })
    stream.on('end', () => stream.destroy())
  }
  capture(): GuestState {
    return structuredClone({ memory: this.memory, disk: this.disk })
  }
  console(): string {
    return this.memory.console
  }
  end(): void {
    for (const stop of this.stops) stop()
  }
  random(): string {
    this.memory.seed = createHash('sha256').update(this.memory.seed).digest('hex')
    return this.memory.seed.slice(0, 32)
  }
  mix(entropy: Uint8Array): void {
    this.memory.seed = createHash('sha256').update(this.memory.seed).update(entropy).digest('hex')
  }
}

const item = (name: ReceiptItem['name'], evidence: string, status: ReceiptItem['status'] = 'done'): ReceiptItem => ({
  name,
  status,
  evidence,
})

class DirectSession {
  readonly closed: Promise<Error | undefined>
  #over = false
  readonly guest: DirectGuest
  readonly stream: Duplex
  constructor(guest: DirectGuest, stream: Duplex) {
    this.guest = guest
    this.stream = stream
    this.closed = new Promise((resolve) =>
      stream.once('close', () => {
        this.#over = true
        resolve(undefined)
      }),
    )
  }
  get over(): boolean {
    return this.#over || this.stream.destroyed
  }
  get hello() {
    const { bootId, generation } = this.guest.memory
    return {
      protocol: 1,
      agentVersion: 'direct',
      capabilities: ['freeze', 'dial'],
      bootId,
      kernel: 'k',
      init: true,
      generation,
      uptimeMs: 1,
    }
  }
  #use(): Memory {
    if (this.over) throw new HearthError('guest_unreachable', 'the session is over')
    return this.guest.memory
  }
  async identify(request: IdentifyRequest): Promise<readonly ReceiptItem[]> {
    const memory = this.#use()
    this.guest.mix(request.entropy)
    memory.machineUuid = request.machineUuid
    memory.generation = request.generation
    memory.mac = request.mac ?? ''
    const items = [
      item('entropy', this.guest.random()),
      item('machine_id', memory.machineUuid),
      item('generation', String(memory.generation)),
    ]
    return this.guest.lie?.(items) ?? items
  }
  async assign(request: AssignRequest): Promise<readonly ReceiptItem[]> {
    const memory = this.#use()
    this.guest.mix(request.entropy)
    memory.hostname = request.hostname
    memory.env = { ...request.env }
    memory.secrets = { ...request.secrets }
    memory.token = request.token
    for (const file of request.files) this.guest.disk[file.path] = Buffer.from(file.content).toString('latin1')
    const items = [item('hostname', memory.hostname), item('env', String(Object.keys(memory.env).length))]
    return this.guest.lie?.(items) ?? items
  }
  async quiesce() {
    const memory = this.#use()
    memory.frozen = true
    memory.token = ''
    memory.env = {}
    memory.secrets = {}
    this.close()
    return { frozen: true, synced: true }
  }
  async thaw(request: { env?: Record<string, string>; secrets?: Record<string, string>; token?: string }) {
    const memory = this.#use()
    memory.frozen = false
    if (request.env) memory.env = request.env
    if (request.secrets) memory.secrets = request.secrets
    if (request.token) memory.token = request.token
  }
  async exec(request: ExecRequest): Promise<ExecHandle> {
    const memory = this.#use()
    if (memory.frozen) throw new HearthError('guest_error', 'frozen')
    const [program = '', ...args] = request.argv
    const exit = Promise.withResolvers<ExecExit>()
    const stdout = new PassThrough()
    const execId = memory.execs.length + 1
    const exec: Exec = { execId, argv: [...request.argv], running: true, ...(request.tag && { tag: request.tag }) }
    memory.execs.push(exec)
    const say = (text: string) => {
      stdout.write(text)
      if (request.toConsole) memory.console += text
    }
    const done = (code: number) => {
      exec.running = false
      exec.exit = { code }
      stdout.end()
      exit.resolve({ code })
    }
    if (program === 'echo') say(`${args.join(' ')}\n`)
    else if (program === 'random') say(this.guest.random())
    else if (program === 'identity') say(`${memory.machineUuid} ${memory.hostname}`)
    else if (program === 'env') say(JSON.stringify({ ...memory.env, ...memory.secrets }))
    else if (program === 'serve') memory.ports.push(Number(args[0]))
    else if (program === 'say') say(`${args.join(' ')}\n`)
    else if (!['true', 'false', 'sleep', 'exit'].includes(program)) {
      memory.execs.pop()
      throw new HearthError('guest_error', `not found: ${program}`)
    }
    if (program === 'false') done(1)
    else if (program === 'exit') {
      say('it is over\n')
      done(Number(args[0]))
    } else if (!['serve', 'say', 'sleep'].includes(program)) done(0)
    const stderr = Readable.from([])
    return {
      execId,
      pid: execId,
      stdin: new Writable({ write: (_c, _e, cb) => cb() }),
      stdout,
      stderr,
      exit: exit.promise,
      lostBytes: 0,
      signal: async () => done(137),
      resize: async () => undefined,
      close: () => {
        if (request.onClose !== 'keep' && exec.running) done(137)
      },
    }
  }
  async listExecs() {
    return this.#use().execs.map((exec) => ({ ...exec, pid: exec.execId, startedAtMs: 0 }))
  }
  async list(path: string) {
    this.#use()
    return Object.keys(this.guest.disk)
      .filter((each) => each.startsWith(`${path}/`))
      .map((each) => ({ path: each, kind: 'file', sizeBytes: 0, mode: 0, uid: 0, gid: 0, mtimeMs: 0 }))
  }
  async mkdir() {
    this.#use()
  }
  async writeFile(path: string) {
    this.#use()
    const done = Promise.withResolvers<void>()
    let text = ''
    const content = new Writable({
      write: (chunk, _encoding, cb) => {
        text += chunk.toString()
        cb()
      },
      final: (cb) => {
        this.guest.disk[path] = text
        done.resolve()
        cb()
      },
    })
    return { content, done: done.promise }
  }
  async dial(port: number) {
    if (!this.#use().ports.includes(port)) throw new HearthError('guest_error', 'refused')
    return new PassThrough()
  }
  async shutdown() {
    this.#use()
    setImmediate(() => this.guest.ended('power off'))
  }
  close() {
    this.stream.destroy()
  }
}

export const openDirectGuest: OpenGuest = (connect, options) => {
  let token = options?.token ?? ''
  let current: Promise<DirectSession> | undefined
  let closed = false
  const open = async (signal?: AbortSignal): Promise<DirectSession> => {
    const stream = await connect(signal ? { signal } : {})
    stream.on('error', () => undefined)
    const nonce = randomBytes(8).toString('hex')
    const answered = new Promise<void>((resolve, reject) => {
      stream.once('data', () => resolve())
      stream.once('close', () => reject(new HearthError('guest_unreachable', 'the stream broke')))
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    stream.write(nonce)
    try {
      await answered
      stream.resume()
      const guest = nonces.get(nonce)
      nonces.delete(nonce)
      if (!guest) throw new HearthError('guest_protocol', 'no such guest')
      if (guest.memory.token && guest.memory.token !== token) throw new HearthError('guest_error', 'unauthorized')
      return new DirectSession(guest, stream)
    } catch (error) {
      stream.destroy()
      throw error
    }
  }
  const session = async (signal?: AbortSignal): Promise<DirectSession> => {
    if (closed) throw new HearthError('guest_unreachable', 'closed')
    const before = await current?.catch(() => undefined)
    if (before && !before.over) return before
    current = open(signal)
    return current
  }
  const connection = {
    session: (o?: { signal?: AbortSignal }) => session(o?.signal),
    suspend: async () => {
      const result = await (await session()).quiesce()
      return result
    },
    resume: async (request: Parameters<DirectSession['thaw']>[0]) => (await session()).thaw(request),
    setToken: (value: string) => {
      token = value
    },
    close: () => {
      closed = true
      void current?.then(
        (each) => each.close(),
        () => undefined,
      )
    },
  }
  return connection as unknown as GuestConnection & { session(): Promise<GuestSession> }
}
