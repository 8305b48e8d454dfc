import type { Chance } from './chance.ts'
import type { Fields, World } from './world.ts'

/** What a request must say beside what the schema allows, so that the server accepts it. */
export interface Wish {
  readonly path?: Readonly<Record<string, string | number>>
  /** In place of generated ones; `undefined`: not at all. */
  readonly query?: Fields
  readonly body?: Fields
  /** A body that is not JSON. */
  readonly bytes?: Buffer
  readonly headers?: Readonly<Record<string, string>>
  readonly endless?: boolean
  /** Cleans up, or keeps what was made for later. */
  readonly after?: (answer: Fields) => Promise<void>
}

/** `namespace` is the one that the operation is about. */
export type Recipe = (world: World, namespace: string, chance: Chance) => Wish | Promise<Wish>

export function spareMachine(world: World, namespace: string): Promise<string> {
  return world.spare(`machines ${namespace}`, async () => (await world.launch(namespace)).id)
}

export function keepMachine(world: World, namespace: string, id: unknown): Promise<void> {
  return world.keep(`machines ${namespace}`, String(id), `${world.at(namespace)}/machines/*`)
}

/** What every request may say that makes a machine. */
export function launchWish(world: World, chance: Chance): Fields {
  const timed = chance.odds(0.3)
  return {
    name: chance.odds(0.5) ? world.name() : undefined,
    hostname: chance.odds(0.3) ? `h${chance.word()}` : undefined,
    env: { [`A_${chance.word().toUpperCase()}`]: chance.word() },
    egress: chance.odds(0.3) ? chance.pick(['none', 'open']) : undefined,
    timeoutMs: timed ? 600_000 : undefined,
    onTimeout: timed && chance.odds(0.5) ? chance.pick(['destroy', 'pause']) : undefined,
  }
}
