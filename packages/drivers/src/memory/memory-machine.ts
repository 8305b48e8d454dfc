import type { Duplex } from 'node:stream'
import { type DriverMachine, type DriverMachineState, driverError, type MachineSpec, type SnapshotId } from '@hearth/model'
import { Gate } from './gate.ts'
import type { GuestState, MemoryGuest, NewGuest } from './memory-guest.ts'
import { streamPair } from './stream-pair.ts'

/** A machine whose guest runs in this process. */
export class MemoryMachine {
  readonly spec: MachineSpec
  readonly restoredFrom: SnapshotId | undefined
  readonly #guest: MemoryGuest
  readonly #vcpus = new Gate()
  #stream: Duplex | undefined
  #ended = false

  constructor(
    spec: MachineSpec,
    newGuest: NewGuest,
    ended: (how: string) => void,
    from?: { readonly id: SnapshotId; readonly state: GuestState },
  ) {
    this.spec = spec
    this.restoredFrom = from?.id
    this.#guest = newGuest({ ...(from && { state: from.state }), ended })
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
    this.#vcpus.shut()
  }

  resume(): void {
    this.#vcpus.open()
  }

  capture(): GuestState {
    return this.#guest.capture()
  }

  console(): string {
    return this.#guest.console()
  }

  /** @throws HearthError `driver_busy` while an earlier stream is open */
  connect(): Duplex {
    if (this.#stream && !this.#stream.destroyed) throw driverError('Busy', `machine ${this.spec.id} is connected already`)
    const [host, guest] = streamPair(this.#vcpus)
    this.#stream = host
    this.#guest.serve(guest)
    return host
  }

  disconnect(): void {
    this.#stream?.destroy()
    this.#stream = undefined
  }

  stop(): void {
    this.#ended = true
    this.#guest.end()
    this.disconnect()
  }

  /** All that it has on the host, named after it. */
  paths(): string[] {
    const root = `machines/${this.spec.id}`
    const files = [root, `${root}/console.log`, `${root}/overlay`]
    return this.#ended ? files : [...files, `${root}/agent.sock`]
  }
}
