import type { Failpoint } from '@hearth/model'
import type { Machine } from '@hearth/sdk'
import { expect } from 'vitest'
import { type Death, deaths } from './deaths.ts'
import { MortalHome } from './mortal-home.ts'

/** What a server must have done when it serves again after it died. */
const settledWithinMs = 10_000

/** Steps that looking and tidying up do not pass: the server that is looked at may be the one that dies next, which saves a start. */
const passedOnPurpose = /^(snapshot|copy|fork|pause|resume|remove_template|build)\./

export interface ArmedDeath extends Death {
  readonly point: Failpoint
  readonly armed: string
}

/** All deaths at these steps, in their order. */
export function deathsAt(points: readonly Failpoint[]): ArmedDeath[] {
  return points.flatMap((point) => deaths[point].map((death) => ({ ...death, point, armed: `${point}:${death.times ?? 1}` })))
}

/** A home whose servers die, and what must live through all of it: a machine that runs, one that stands still, a snapshot. */
export class Survival {
  readonly home: MortalHome
  readonly #keeper: string
  readonly #sleeper: string
  readonly #kept: string

  private constructor(home: MortalHome, ids: { readonly keeper: string; readonly sleeper: string; readonly kept: string }) {
    this.home = home
    this.#keeper = ids.keeper
    this.#sleeper = ids.sleeper
    this.#kept = ids.kept
  }

  static async prepare(env: Readonly<Record<string, string>> = {}): Promise<Survival> {
    const home = await MortalHome.make(env)
    await home.hearth.templates.build('base', 'builtin:base')
    const keeper = await home.hearth.launch('base', { name: 'keeper' })
    await keeper.exec('sh', ['-c', 'echo kept > /dev/shm/kept'])
    const kept = await keeper.snapshot()
    const sleeper = await home.hearth.launch('base', { name: 'sleeper' })
    await sleeper.pause()
    expect(home.memoryFiles(), 'the memory that machines map is seen').not.toEqual([])
    return new Survival(home, { keeper: keeper.id, sleeper: sleeper.id, kept: kept.id })
  }

  /** The server dies as `death` says; the one after it, which may be the one for the `next` death, has made everything whole. */
  async mustSurvive(death: ArmedDeath, next?: ArmedDeath): Promise<void> {
    const { home } = this
    const { point, armed, launcherToo = false, prepare, act, after } = death
    if (!passedOnPurpose.test(point)) await prepare?.(home.hearth)
    if (home.armed !== armed) await home.restart(armed)
    if (passedOnPurpose.test(point)) await prepare?.(home.hearth)
    const ready = point.startsWith('remove_') ? [this.#kept] : await this.#readySnapshots()
    await home.server.diesIn(act)
    if (launcherToo) await home.killLauncher()

    await home.restart(next && passedOnPurpose.test(next.point) ? next.armed : '')
    expect(home.server.readyAfterMs).toBeLessThan(settledWithinMs)
    await after?.(home.hearth)
    await home.mustBeWhole()
    const rows = await home.rows()
    expect(ready.filter((id) => rows.get(id) !== 'ready')).toEqual([])
    expect([rows.get(this.#keeper), rows.get(this.#sleeper)]).toEqual(['running', 'paused'])
    for await (const machine of home.hearth.machines.list({ state: 'running' })) expect(await greeting(machine)).toBe('hello\n')
    expect((await home.hearth.machines.ref(this.#keeper).exec('cat', ['/dev/shm/kept'])).stdout).toBe('kept\n')
    const fresh = await home.hearth.launch('base')
    expect(await greeting(fresh)).toBe('hello\n')
    await fresh.remove()
    await home.mustBeWhole()
  }

  /** Takes away what a death left to its users. */
  async tidy(): Promise<void> {
    await this.home.ensureServer()
    const { machines, snapshots, pools } = this.home.hearth
    for await (const { name } of pools) await pools.remove(name)
    for await (const machine of machines) if (![this.#keeper, this.#sleeper].includes(machine.id)) await machine.remove()
    for await (const { id, kind } of snapshots) if (kind === 'user' && id !== this.#kept) await snapshots.remove(id)
  }

  async #readySnapshots(): Promise<string[]> {
    return [...(await this.home.rows())].flatMap(([id, state]) => (id.startsWith('s-') && state === 'ready' ? [id] : []))
  }
}

async function greeting(machine: Machine): Promise<string> {
  return (await machine.exec('echo', ['hello'])).stdout
}
