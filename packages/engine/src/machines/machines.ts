import {
  type ConsolePart,
  type GuestConnection,
  HearthError,
  type Machine,
  type MachineStats,
  type Name,
  type Page,
  type Receipt,
} from '@hearth/model'
import type { Context } from '../context.ts'
import { whole } from '../input/checks.ts'
import { endMachine } from './end-machine.ts'
import type { EngineMachines, MachineQuery } from './engine-machines.ts'
import { extendMachine } from './extend-machine.ts'
import { findMachine, mustBe, mustBeHere } from './find-machine.ts'
import { guestOf } from './guest-of.ts'
import { pauseMachine, resumeMachine } from './hold-machine.ts'
import { longestPage, pageOfMachines } from './page-of-machines.ts'

/** Most of a console log that is handed out at once. */
const longestLogBytes = 16 * 1024 * 1024

/** What is done with machines that exist. */
export class Machines implements EngineMachines {
  readonly #context: Context
  readonly #namespace: Name

  constructor(context: Context, namespace: Name) {
    this.#context = context
    this.#namespace = namespace
  }

  async list(options: { readonly all?: boolean } = {}): Promise<Machine[]> {
    const { items } = await this.page({ all: options.all ?? false, limit: longestPage })
    return [...items]
  }

  page(query: MachineQuery): Promise<Page<Machine>> {
    return pageOfMachines(this.#context, this.#namespace, query)
  }

  get(machine: string): Promise<Machine> {
    return findMachine(this.#context, this.#namespace, machine)
  }

  async pause(machine: string): Promise<Machine> {
    return pauseMachine(this.#context, (await this.#here(machine)).id)
  }

  async resume(machine: string): Promise<Machine> {
    return resumeMachine(this.#context, (await this.#here(machine)).id)
  }

  async extend(machine: string, timeoutMs: number): Promise<Machine> {
    return extendMachine(this.#context, await this.get(machine), timeoutMs)
  }

  async destroy(machine: string): Promise<void> {
    await endMachine(this.#context, (await this.#here(machine)).id)
  }

  async receipt(machine: string): Promise<Receipt> {
    const { id, receipt } = await this.get(machine)
    if (!receipt) throw new HearthError('state_conflict', `machine ${id} has no receipt: it was never personalised`)
    return receipt
  }

  async stats(machine: string): Promise<MachineStats> {
    const row = mustBe(await this.#here(machine), 'running', 'paused')
    return this.#context.drivers.of(row.driver).stats(row.id)
  }

  async consoleLog(machine: string, maxBytes: number): Promise<Uint8Array> {
    whole(maxBytes, { min: 1, max: longestLogBytes }, 'maxBytes')
    const row = mustBe(await this.#here(machine), 'starting', 'running', 'paused')
    return this.#context.drivers.of(row.driver).consoleLog(row.id, maxBytes)
  }

  async consoleFrom(machine: string, start: number, maxBytes: number): Promise<ConsolePart> {
    whole(start, { min: 0, max: Number.MAX_SAFE_INTEGER }, 'start')
    whole(maxBytes, { min: 1, max: longestLogBytes }, 'maxBytes')
    const row = mustBe(await this.#here(machine), 'starting', 'running', 'paused')
    return this.#context.drivers.of(row.driver).consoleFrom(row.id, start, maxBytes)
  }

  async guest(machine: string): Promise<GuestConnection> {
    return guestOf(this.#context, mustBe(await this.#here(machine), 'running'))
  }

  async #here(machine: string): Promise<Machine> {
    return mustBeHere(this.#context, await this.get(machine))
  }
}
