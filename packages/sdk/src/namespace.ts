import { type EventOptions, followEvents } from './events.ts'
import type { Machine } from './machine.ts'
import { type LaunchOptions, Machines } from './machines.ts'
import type { Cancellable } from './options.ts'
import type { HearthEvent, Usage } from './resources.ts'
import { Scope } from './scope.ts'
import { Snapshots } from './snapshots.ts'
import { apiPath, type Transport } from './transport.ts'

/**
 * The machines and snapshots of one namespace.
 *
 * ```ts
 * await hearth.namespaces.create('team-a')
 * const team: Namespace = hearth.in('team-a')
 * await using machine = await team.launch('python')
 * assert.equal(machine.data.namespace, 'team-a')
 * assert.equal((await team.usage()).liveMachines, 1)
 * ```
 */
export class Namespace {
  readonly name: string
  readonly machines: Machines
  readonly snapshots: Snapshots
  readonly #transport: Transport

  constructor(transport: Transport, name: string) {
    const scope = new Scope(transport, name)
    this.name = name
    this.machines = new Machines(scope)
    this.snapshots = new Snapshots(scope)
    this.#transport = transport
  }

  /** Asks for a machine of a template and resolves when it is yours: `machines.launch`, said shortly. */
  launch(template: string, options: LaunchOptions = {}): Promise<Machine> {
    return this.machines.launch(template, options)
  }

  /** What changes state here, until the loop is left. A connection that breaks is made again, and nothing is missed. */
  events(options: EventOptions = {}): AsyncGenerator<HearthEvent, void, undefined> {
    return followEvents(this.#transport, apiPath('namespaces', this.name, 'events'), options)
  }

  /** What it holds now, and its bounds. */
  usage(options: Cancellable = {}): Promise<Usage> {
    return this.#transport.json('GET', apiPath('namespaces', this.name, 'usage'), options)
  }
}
