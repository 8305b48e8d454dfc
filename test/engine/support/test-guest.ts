import { type DoubleCommand, type GuestDoubleOptions, InMemoryGuestDouble } from '@hearth/protocol'

interface Item {
  readonly name: string
  readonly status: number
  readonly evidence: string
  readonly detail?: string | undefined
}

type GuestState = InMemoryGuestDouble['state']
type Announce = (guest: TestGuest) => void

/** Programs that templates of the tests start and ask. */
const commands: Readonly<Record<string, DoubleCommand>> = {
  identity: ({ process, state }) => {
    process.write(`${state.machineId} ${state.hostname}\n`)
    process.end(0)
  },
  env: ({ process, env }) => {
    process.write(JSON.stringify(Object.fromEntries(env.map((each) => each.split('=', 2)))))
    process.end(0)
  },
  /** Says so and goes on. */
  say: ({ process, args, resumed }) => {
    if (!resumed) process.write(`${args.join(' ')}\n`)
  },
  /** Goes on; something listens on port 80 in every guest of the tests. */
  serve: () => undefined,
  fail: ({ process, args }) => {
    process.write('it is over\n')
    process.end(Number(args[0]))
  },
}

/** An honest guest that can be told to lie or to say nothing, and so can each of its clones. */
export class TestGuest extends InMemoryGuestDouble {
  lie: ((items: readonly Item[]) => readonly Item[]) | undefined
  silent = false
  readonly #announce: Announce

  constructor(options: GuestDoubleOptions, announce: Announce, state?: GuestState) {
    super({ ...options, commands, echoPorts: [80] }, state)
    this.#announce = announce
    announce(this)
  }

  protected override serve(...args: Parameters<InMemoryGuestDouble['serve']>): void {
    if (!this.silent) super.serve(...args)
  }

  protected override receipt(items: readonly Item[]): readonly Item[] {
    return this.lie?.(items) ?? items
  }

  protected override sibling(options: GuestDoubleOptions, state: GuestState): InMemoryGuestDouble {
    return new TestGuest(options, this.#announce, state)
  }
}
