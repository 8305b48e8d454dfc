import type { Duplex } from 'node:stream'
import {
  type Clock,
  type DriverMachine,
  type DriverMachineState,
  driverError,
  type MachineSpec,
  type SnapshotId,
} from '@hearth/model'
import type { InMemoryGuestDouble } from '@hearth/protocol'
import { Gate } from './gate.ts'
import { streamPair } from './stream-pair.ts'

/** A machine whose guest runs in this process. */
export class MemoryMachine {
  readonly spec: MachineSpec
  readonly guest: InMemoryGuestDouble
  readonly restoredFrom: SnapshotId | undefined
  /** Of its network card, on the host's side. */
  hasLink = true
  readonly #clock: Clock
  readonly #vcpus = new Gate()
  #stoodStillAt = 0
  #stream: Duplex | undefined
  #ended = false

  constructor(spec: MachineSpec, guest: InMemoryGuestDouble, clock: Clock, restoredFrom?: SnapshotId) {
    this.spec = spec
    this.guest = guest
    this.restoredFrom = restoredFrom
    this.#clock = clock
  }

  get state(): DriverMachineState {
    if (this.#ended) return 'ended'
    return this.#vcpus.isOpen ? 'running' : 'paused'
  }

  describe(): DriverMachine {
    const { state, restoredFrom, spec } = this
    return { id: spec.id, state, ...(restoredFrom && { restoredFrom }) }
  }

  pause(): void {
    if (!this.#vcpus.isOpen) return
    this.#stoodStillAt = this.#clock.now()
    this.#vcpus.shut()
  }

  /** The guest's clock has not gone on meanwhile. */
  resume(): void {
    if (this.#vcpus.isOpen) return
    this.guest.fallBehind(this.#clock.now() - this.#stoodStillAt)
    this.#vcpus.open()
  }

  console(): string {
    return `machine ${this.spec.id}\nguest agent is listening\n`
  }

  /** @throws HearthError `driver_busy` while an earlier stream is open */
  connect(): Duplex {
    if (this.#stream && !this.#stream.destroyed) throw driverError('Busy', `machine ${this.spec.id} is connected already`)
    const [host, inside] = streamPair(this.#vcpus)
    const agent = this.guest.connect()
    for (const stream of [inside, agent]) stream.on('error', () => stream.destroy())
    inside.pipe(agent).pipe(inside)
    this.#stream = host
    return host
  }

  disconnect(): void {
    this.#stream?.destroy()
    this.#stream = undefined
    this.guest.disconnect()
  }

  stop(): void {
    this.#ended = true
    this.disconnect()
    this.guest.end()
  }

  /** All that it has on the host, named after it. */
  paths(): string[] {
    const root = `machines/${this.spec.id}`
    const files = [root, `${root}/console.log`, `${root}/overlay`]
    return this.#ended ? files : [...files, `${root}/agent.sock`]
  }
}
