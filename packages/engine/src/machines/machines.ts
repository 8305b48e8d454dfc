import {
  type GuestConnection,
  HearthError,
  liveMachineStates,
  type Machine,
  type MachineStats,
  type Receipt,
} from '@hearth/model'
import type { Context } from '../context.ts'
import { whole } from '../input/checks.ts'
import { endMachine } from './end-machine.ts'
import type { EngineMachines } from './engine-machines.ts'
import { findMachine, mustBe } from './find-machine.ts'
import { guestOf } from './guest-of.ts'
import { pauseMachine, resumeMachine } from './hold-machine.ts'

/** Most of a console log that is handed out at once. */
const longestLogBytes = 16 * 1024 * 1024

/** What is done with machines that exist. */
export class Machines implements EngineMachines {
  readonly #context: Context

  constructor(context: Context) {
    this.#context = context
  }

  async list(options: { readonly all?: boolean } = {}): Promise<Machine[]> {
    const rows = await this.#context.rows.machines.list()
    const wanted = options.all ? rows : rows.filter(isLive)
    return wanted.sort((a, b) => b.createdAt - a.createdAt || a.id.localeCompare(b.id))
  }

  get(machine: string): Promise<Machine> {
    return findMachine(this.#context, machine)
  }

  async pause(machine: string): Promise<Machine> {
    return pauseMachine(this.#context, (await this.get(machine)).id)
  }

  async resume(machine: string): Promise<Machine> {
    return resumeMachine(this.#context, (await this.get(machine)).id)
  }

  async destroy(machine: string): Promise<void> {
    await endMachine(this.#context, (await this.get(machine)).id)
  }

  async receipt(machine: string): Promise<Receipt> {
    const { id, receipt } = await this.get(machine)
    if (!receipt) throw new HearthError('state_conflict', `machine ${id} has no receipt: it was never personalised`)
    return receipt
  }

  async stats(machine: string): Promise<MachineStats> {
    const row = mustBe(await this.get(machine), 'running', 'paused')
    return this.#context.drivers.of(row.driver).stats(row.id)
  }

  async consoleLog(machine: string, maxBytes: number): Promise<Uint8Array> {
    whole(maxBytes, { min: 1, max: longestLogBytes }, 'maxBytes')
    const row = mustBe(await this.get(machine), 'starting', 'running', 'paused')
    return this.#context.drivers.of(row.driver).consoleLog(row.id, maxBytes)
  }

  async guest(machine: string): Promise<GuestConnection> {
    return guestOf(this.#context, mustBe(await this.get(machine), 'running'))
  }
}

function isLive(machine: Machine): boolean {
  return liveMachineStates.some((state) => state === machine.state)
}
