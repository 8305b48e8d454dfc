import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ManualClock, memoryStore } from '@hearth/conformance'
import { MemoryDriver, MemoryHost } from '@hearth/drivers'
import {
  createEngine,
  type Engine,
  type EngineOptions,
  type ReceiptVerifier,
  type ReconcileReport,
  type TemplateRequest,
} from '@hearth/engine'
import { HearthError, type Machine, type MachineDriver, type RandomBytes, type StateStore, silentLog } from '@hearth/model'
import { generateSshHostKey, openGuest, verifyReceipt } from '@hearth/protocol'
import { Fuse } from './fuse.ts'
import { TestGuest } from './test-guest.ts'

/** An engine on a host and a store of its own, on a clock turned by hand. */
export class EngineBed {
  readonly host = new MemoryHost()
  readonly store: StateStore
  readonly clock = new ManualClock()
  readonly random: RandomBytes
  readonly guests: TestGuest[] = []
  /** Called with each new guest, before anybody talks to it. */
  onGuest: (guest: TestGuest) => void = () => undefined
  driver: MachineDriver
  engine: Engine
  /** Between the engine that runs now and its host and store. */
  fuse: Fuse
  #options: Partial<EngineOptions>

  constructor(options: Partial<EngineOptions> = {}, seed = 'bed', store = memoryStore()) {
    this.store = store
    this.#options = options
    this.random = seededRandom(seed)
    this.fuse = new Fuse()
    this.driver = this.newDriver()
    this.engine = this.newEngine()
  }

  newDriver(): MachineDriver {
    const announce = (guest: TestGuest) => {
      // Time does not pass for a guest in a snapshot: nobody will talk to that one.
      if (guest.clock !== this.clock) return
      this.guests.push(guest)
      this.onGuest(guest)
    }
    return new MemoryDriver({ host: this.host, clock: this.clock, newGuest: (options) => new TestGuest(options, announce) })
  }

  newEngine(): Engine {
    return createEngine({
      drivers: [this.fuse.wrap(this.driver)],
      store: this.fuse.wrap(this.store),
      host: 'h-0000000000000000',
      openGuest,
      receipts: receiptVerifier,
      newSshHostKey: () => generateSshHostKey(),
      clock: this.clock,
      random: this.random,
      log: silentLog,
      // Tests that turn the clock from sleeper to sleeper would stop at each look.
      options: { reconcileIntervalMs: 0, poolTendIntervalMs: 0, ...this.#options },
    })
  }

  /** The engine's process dies where it stands, and another takes its place; `options` are what is different then. */
  async restart(options: Partial<EngineOptions> = {}): Promise<ReconcileReport> {
    this.#options = { ...this.#options, ...options }
    this.fuse.blow()
    this.host.disconnect()
    this.fuse = new Fuse()
    this.driver = this.newDriver()
    this.engine = this.newEngine()
    return this.engine.start()
  }

  async start(): Promise<this> {
    await this.engine.start()
    return this
  }

  /** Waits for `work`, turning the clock for short sleeps (the back-off of a ready check), never as far as a deadline. */
  async patiently<T>(work: Promise<T>): Promise<T> {
    let over = false
    const settled = work.finally(() => {
      over = true
    })
    settled.catch(() => undefined)
    while (!over) {
      for (let turn = 0; turn < 8 && !over; turn++) await nextTurn()
      if (!over) this.clock.advanceToNext(600)
    }
    return settled
  }

  /** A template that is ready, named `base` unless said otherwise. */
  async template(request: Partial<TemplateRequest> = {}) {
    return this.patiently(
      this.engine.templates.build({
        name: 'base',
        source: { kind: 'builtin', name: 'base' },
        resources: { vcpus: 1, memoryMiB: 128, diskMiB: 64 },
        ...request,
      }),
    )
  }

  /** What a program of a machine says. */
  async run(machine: Machine, ...argv: string[]): Promise<string> {
    const { machines } = this.engine.in(machine.namespace)
    const session = await (await machines.guest(machine.id)).session()
    const handle = await session.exec({ argv })
    handle.stderr.resume()
    const [out] = await Promise.all([buffer(handle.stdout), handle.exit])
    return out.toString('utf8').trimEnd()
  }

  /** What exists on the host, whoever knows of it. */
  onHost() {
    const { machines, snapshots, templates } = this.host
    return {
      machines: [...machines.keys()].sort(),
      snapshots: [...snapshots.keys()].sort(),
      templates: [...templates.keys()].sort(),
    }
  }
}

/** The same bytes in every run of one seed. */
export function seededRandom(seed: string): RandomBytes {
  let counter = 0
  return (size) => {
    const blocks: Buffer[] = []
    while (blocks.length * 32 < size) blocks.push(createHash('sha256').update(`${seed} ${counter++}`).digest())
    return new Uint8Array(Buffer.concat(blocks).subarray(0, size))
  }
}

const receiptVerifier: ReceiptVerifier = {
  identify: (request, items, hello) => assertProven(verifyReceipt('identify', request, items, hello.capabilities)),
  assign: (request, items, hello) => assertProven(verifyReceipt('assign', request, items, hello.capabilities)),
}

function assertProven(problems: readonly string[]): void {
  if (problems.length > 0) throw new HearthError('personalise_failed', problems.join('; '))
}
