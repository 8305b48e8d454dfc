import type { Hearth, HearthEvent } from '@hearth/sdk'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { waitUntil } from '../support/wait-until.ts'
import { MortalHome } from './support/mortal-home.ts'

let home: MortalHome
beforeAll(async () => {
  home = await MortalHome.make()
  await home.hearth.templates.build('base', 'builtin:base')
})
afterAll(() => home?.close())
afterEach(async () => {
  await home.ensureServer()
  for await (const machine of home.hearth.machines) await machine.remove()
})

describe('machines whose server died', () => {
  it('are ended or paused at their time all the same', async () => {
    const launch = (name: string, lifeTimeMs: number, onTimeout: 'destroy' | 'pause') =>
      home.hearth.launch('base', { name, lifeTimeMs, onTimeout })
    const overdue = await launch('overdue', 2_000, 'destroy')
    const sleepy = await launch('sleepy', 2_000, 'pause')
    const later = await launch('later', 8_000, 'destroy')
    await home.server.kill()
    await waitUntil('the deadlines', () => Date.now() > deadlineOf(sleepy.data.deadlineAt))
    await home.restart()
    const stateOf = async (id: string) => (await home.hearth.machines.get(id)).state
    await waitUntil('the end of what was overdue', async () => (await stateOf(overdue.id)) === 'stopped')
    await waitUntil('the pause of what was overdue', async () => (await stateOf(sleepy.id)) === 'paused')
    expect((await home.hearth.machines.get('sleepy')).data).not.toHaveProperty('deadlineAt')
    await waitUntil('the end of the other one', async () => (await stateOf(later.id)) === 'stopped')
    expect(Date.now()).toBeGreaterThanOrEqual(deadlineOf(later.data.deadlineAt))
    expect(await endings()).toEqual({ [overdue.id]: 'timeout', [sleepy.id]: 'timeout', [later.id]: 'timeout' })
    const resumed = await home.hearth.machines.ref('sleepy').resume()
    expect(deadlineOf(resumed.data.deadlineAt)).toBeGreaterThan(Date.now())
    await resumed.remove()
    await home.mustBeWhole()
  })
})

describe('a request whose server died between its effect and its answer', () => {
  it.each([
    ['a launch', 'launch.running', async (hearth: Hearth) => (await hearth.launch('base', once('launch'))).id],
    ['a fork', 'fork.cloned:2', async (hearth: Hearth) => clonesOf(await hearth.machines.ref('source').fork(2, once('fork')))],
    [
      'a snapshot',
      'snapshot.ready',
      async (hearth: Hearth) => (await hearth.machines.ref('source').snapshot(once('snapshot'))).id,
    ],
  ] as const)('is not done twice when it is made again: %s', async (what, failpoint, ask) => {
    await home.hearth.launch('base', { name: 'source' })
    const before = new Set((await home.rows()).keys())
    await home.restart(failpoint)
    await home.server.diesIn(ask)
    await home.restart()
    const made = [...(await home.rows()).keys()].filter((id) => !before.has(id))
    const first = await ask(home.hearth)
    expect(await ask(home.hearth)).toEqual(first)
    expect(
      [first].flat().every((id) => made.includes(id)),
      `${what} of before: ${made}`,
    ).toBe(true)
    expect([...(await home.rows()).keys()].filter((id) => !before.has(id)).sort()).toEqual(made.sort())
    for await (const { id, kind } of home.hearth.snapshots) if (kind === 'user') await home.hearth.snapshots.remove(id)
  })

  it('is done once more when its server died before its effect', async () => {
    await home.restart('launch.machine_up')
    const key = once('died-before')
    await home.server.diesIn((hearth) => hearth.launch('base', key))
    await home.restart()
    const { id } = await home.hearth.launch('base', key)
    expect((await home.hearth.launch('base', key)).id).toBe(id)
    const living = []
    for await (const machine of home.hearth.machines) living.push(machine.id)
    expect(living).toEqual([id])
    await home.mustBeWhole()
  })
})

const once = (idempotencyKey: string) => ({ idempotencyKey })

function clonesOf({ clones }: Awaited<ReturnType<ReturnType<Hearth['machines']['ref']>['fork']>>): string[] {
  return clones.map((clone) => ('id' in clone ? clone.id : `failed: ${clone.detail}`)).sort()
}

function deadlineOf(text: string | undefined): number {
  if (text === undefined) throw new Error('the machine has no deadline')
  return Date.parse(text)
}

/** What the last events about each machine say of their cause. */
async function endings(): Promise<Record<string, unknown>> {
  const causes: Record<string, unknown> = {}
  for await (const event of home.hearth.events({ after: 0, until: 'now', kind: ['machine'] })) causes[event.id] = causeOf(event)
  return causes
}

function causeOf(event: HearthEvent): unknown {
  return event.data.cause
}
