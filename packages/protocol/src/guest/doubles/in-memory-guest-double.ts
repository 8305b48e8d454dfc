import { type Duplex, duplexPair } from 'node:stream'
import { type Clock, systemClock } from '@hearth/model'
import { FieldError } from '../../fields/field-error.ts'
import { events, type Method, methods } from '../messages.ts'
import { CreditedOutput } from './credited-output.ts'
import { builtinCommands, type DoubleCommand } from './double-commands.ts'
import { DoubleExecs } from './double-execs.ts'
import { DoubleFiles } from './double-files.ts'
import { runHooks } from './double-hooks.ts'
import { assign, identify, type WireItem } from './double-identity.ts'
import { GuestLink, type GuestRequest, type GuestStream, Refusal } from './guest-link.ts'
import { copyState, type DoubleFile, type DoubleHook, freshState, type GuestState } from './guest-state.ts'

export interface GuestDoubleOptions {
  /** Time in the guest; the computer's own when absent. */
  readonly clock?: Clock
  /** Decides machine id and randomness at boot, so that a run can be repeated. */
  readonly seed?: string
  /** More programs for `exec`, or others in place of the built-in ones. */
  readonly commands?: Readonly<Record<string, DoubleCommand>>
  /** Ports on which something listens that sends back what it gets. */
  readonly echoPorts?: readonly number[]
  /** Without `hooks` it is an agent of before hooks. */
  readonly capabilities?: readonly string[]
  /** What is in /etc/hearth/personalise.d, by name. */
  readonly hooks?: Readonly<Record<string, DoubleHook>>
  /** Called when the guest powers off or reboots itself. */
  readonly onShutdown?: (mode: 'poweroff' | 'reboot') => void
}

type Serve = (stream: GuestStream, fields: Buffer) => void

/** A guest agent in this process, for tests and the in-memory driver. It is honest; `clone` copies it as a memory snapshot would. */
export class InMemoryGuestDouble {
  readonly options: GuestDoubleOptions
  readonly clock: Clock
  readonly state: GuestState
  readonly files: DoubleFiles
  readonly execs: DoubleExecs
  readonly #methods = new Map<number, Serve>()
  readonly #bootedAtMs: number
  #link: GuestLink | undefined
  #known = false
  #thawTimer = new AbortController()

  constructor(options: GuestDoubleOptions = {}, state?: GuestState) {
    this.options = options
    this.clock = options.clock ?? systemClock
    this.#bootedAtMs = this.clock.monotonicMs()
    this.state = state ?? freshState(options, this.clock.now())
    this.files = new DoubleFiles(this.state, this.clock)
    this.execs = new DoubleExecs(this.state, this.clock, { ...builtinCommands, ...options.commands })
    this.#serveIdentity()
    this.#serveExecs()
    this.#serveFiles()
    this.#serveRest()
  }

  /** A byte stream to the agent. One at a time: an earlier one ends. */
  connect(): Duplex {
    this.#link?.close()
    const [host, guest] = duplexPair()
    this.#known = false
    const link = new GuestLink(
      guest,
      (request) => this.serve(request, link),
      () => {
        if (this.#link === link) this.#link = undefined
      },
    )
    this.#link = link
    return host
  }

  /** Its VMM is gone: nothing of it happens any more. */
  end(): void {
    this.#thawTimer.abort()
    this.disconnect()
  }

  /** Ends the current byte stream, as a VMM that is torn down does. */
  disconnect(): void {
    this.#link?.close()
  }

  /** A guest with the same memory: same identity, same randomness to come, processes that wait for their host. */
  clone(options: GuestDoubleOptions = this.options): InMemoryGuestDouble {
    const copy = this.sibling({ ...this.options, ...options }, copyState(this.state))
    copy.execs.takeOver(this.execs)
    return copy
  }

  /** Another guest of the same kind. Subclasses make their own. */
  protected sibling(options: GuestDoubleOptions, state: GuestState): InMemoryGuestDouble {
    return new InMemoryGuestDouble(options, state)
  }

  /** The vCPUs stood still for so long: the guest's clock is behind. */
  fallBehind(ms: number): void {
    this.state.behindMs += ms
  }

  /** The content of a file, as it is now. */
  readFile(path: string): Buffer | undefined {
    return this.state.files.get(path)?.content
  }

  putFile(path: string, file: DoubleFile): void {
    this.files.put(path, file)
  }

  /** Answers one request. Subclasses lie here. */
  protected serve(request: GuestRequest, _link: GuestLink): void {
    const serve = this.#methods.get(request.method)
    if (serve === undefined) request.stream.refuse('unsupported', `method ${request.method}`)
    else if (!this.#known && request.method !== methods.hello.number) request.stream.refuse('unauthorized', 'HELLO comes first')
    else if (this.state.frozen && frozenMethods.has(request.method)) request.stream.refuse('frozen', 'the machine is frozen')
    else answer(serve, request)
  }

  /** The items of a receipt before they are sent. Subclasses lie here. */
  protected receipt(items: readonly WireItem[]): readonly WireItem[] {
    return items
  }

  #on<Q extends object, A extends object>(method: Method<Q, A>, serve: (stream: GuestStream, request: Q) => void): void {
    this.#methods.set(method.number, (stream, fields) => serve(stream, method.request.decode(fields)))
  }

  #serveIdentity(): void {
    const { state, clock } = this
    this.#on(methods.hello, (stream, { token }) => this.#hello(stream, token))
    this.#on(methods.identify, (stream, request) => {
      this.execs.endHolds()
      stream.reply(methods.identify.reply, { items: this.receipt(identify(state, clock, request)) })
    })
    this.#on(methods.assign, (stream, request) => {
      const items = assign(state, clock, request)
      const reply = (all: readonly WireItem[]) => stream.reply(methods.assign.reply, { items: this.receipt(all) })
      if (request.hooks === undefined || !state.capabilities.includes('hooks')) reply(items)
      else runHooks(state, clock, request.hooks, (item) => reply([...items, item]))
    })
    this.#on(methods.quiesce, (stream, { deadlineMs }) => this.#quiesce(stream, deadlineMs))
    this.#on(methods.thaw, (stream, { env, secrets, token }) => {
      this.#thaw()
      if (env.length > 0) state.env = [...env]
      if (secrets.length > 0) state.secrets = [...secrets]
      if (token !== undefined) state.token = Buffer.from(token)
      stream.reply(methods.thaw.reply, {})
    })
  }

  #serveExecs(): void {
    this.#on(methods.exec, (stream, request) => this.execs.exec(stream, request))
    this.#on(methods.attach, (stream, request) => this.execs.attach(stream, request))
    this.#on(methods.signal, (stream, request) => this.execs.signal(stream, request))
    this.#on(methods.resize, (stream, request) => this.execs.resize(stream, request))
    this.#on(methods.execs, (stream) => this.execs.list(stream))
  }

  #serveFiles(): void {
    this.#on(methods.stat, (stream, request) => this.files.stat(stream, request))
    this.#on(methods.list, (stream, request) => this.files.list(stream, request))
    this.#on(methods.read, (stream, request) => this.files.read(stream, request))
    this.#on(methods.write, (stream, request) => this.files.write(stream, request))
    this.#on(methods.mkdir, (stream, request) => this.files.mkdir(stream, request))
    this.#on(methods.move, (stream, request) => this.files.move(stream, request))
    this.#on(methods.remove, (stream, request) => this.files.remove(stream, request))
    this.#on(methods.getXattr, (stream, request) => this.files.getXattr(stream, request))
    this.#on(methods.setXattr, (stream, request) => this.files.setXattr(stream, request))
    this.#on(methods.watch, (stream, request) => this.files.watch(stream, request))
  }

  #serveRest(): void {
    this.#on(methods.dial, (stream, { port }) => this.#dial(stream, port))
    this.#on(methods.ports, (stream) => stream.reply(methods.ports.reply, { ports: this.options.echoPorts ?? [] }))
    this.#on(methods.metrics, (stream) => {
      const memory = { memTotalBytes: 256 * 2 ** 20, memAvailableBytes: 200 * 2 ** 20 }
      const rest = { cpuCount: 1, cpuBusyMs: 100, diskTotalBytes: 2 ** 30, diskUsedBytes: 2 ** 20 }
      stream.reply(methods.metrics.reply, { ...memory, ...rest, processes: 1 + this.execs.running })
    })
    this.#on(methods.shutdown, (stream, { mode }) => {
      stream.reply(methods.shutdown.reply, {})
      this.options.onShutdown?.(mode === 0 ? 'poweroff' : 'reboot')
      this.disconnect()
    })
  }

  #hello(stream: GuestStream, token: Uint8Array | undefined): void {
    const due = this.state.token
    this.#known = due === undefined || (token !== undefined && due.equals(token))
    if (!this.#known) throw new Refusal('unauthorized', 'show the token of this machine')
    stream.reply(methods.hello.reply, {
      protocol: 1,
      agentVersion: '0.1.0',
      capabilities: this.state.capabilities,
      bootId: '00000000-0000-4000-8000-000000000000',
      kernel: 'double',
      init: true,
      generation: this.state.generation,
      uptimeMs: Math.round(this.clock.monotonicMs() - this.#bootedAtMs),
    })
  }

  #quiesce(stream: GuestStream, deadlineMs: number): void {
    Object.assign(this.state, { frozen: true, token: undefined, env: [], secrets: [] })
    this.#thawTimer.abort()
    this.#thawTimer = new AbortController()
    this.clock.sleep(deadlineMs, this.#thawTimer.signal).then(
      () => this.#thaw(),
      () => undefined,
    )
    stream.reply(methods.quiesce.reply, { frozen: true, synced: true })
    stream.link.close()
  }

  #thaw(): void {
    this.#thawTimer.abort()
    this.state.frozen = false
  }

  #dial(stream: GuestStream, port: number): void {
    if (this.options.echoPorts?.includes(port) !== true) throw new Refusal('refused', `nobody listens on port ${port}`)
    const output = new CreditedOutput(stream, 1)
    stream.onCredit = (_channel, bytes) => output.addCredit(bytes)
    stream.onData = (bytes) => {
      output.send(bytes)
      stream.credit(0, bytes.length)
    }
    stream.onEnd = () =>
      output.whenDrained(() => {
        stream.end(1)
        stream.reply(methods.dial.reply, {})
      })
    stream.event(events.connected, {})
  }
}

/** What changes user data waits until the machine is thawed. */
const frozenMethods: ReadonlySet<number> = new Set(
  [methods.exec, methods.write, methods.mkdir, methods.move, methods.remove, methods.setXattr].map((method) => method.number),
)

function answer(serve: Serve, { stream, fields }: GuestRequest): void {
  try {
    serve(stream, fields)
  } catch (error) {
    if (error instanceof Refusal) stream.refuse(error.reason, error.message)
    else if (error instanceof FieldError) stream.refuse('invalid', error.message)
    else throw error
  }
}
