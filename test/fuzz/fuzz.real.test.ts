import { join } from 'node:path'
import { type ErrorCode, errorStatus } from '@hearth/model'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'
import { Chance } from './support/chance.ts'
import { Client } from './support/client.ts'
import { type FuzzRun, fuzz, makeUp } from './support/fuzz-run.ts'
import { FuzzedServer } from './support/fuzzed-server.ts'
import { judged } from './support/judge.ts'
import { type ApiDescription, operationsOf } from './support/operations.ts'
import type { Held } from './support/orders.ts'
import { provocations, unreachable } from './support/provocations.ts'
import { talkOverSockets } from './support/sockets.ts'
import { Tally } from './support/tally.ts'
import { World } from './support/world.ts'

/** `HEARTH_FUZZ_SEED` repeats a run, as far as one is that has many clients at the same time. */
const seed = Number(process.env.HEARTH_FUZZ_SEED ?? Date.now() % 2 ** 32)
/** Of each operation. */
const accepted = 100
const hostile = 20

let folder: ScratchFolder
let server: FuzzedServer
let client: Client
let world: World
let run: FuzzRun
let before: Held

beforeAll(async () => {
  folder = await scratchFolder()
  server = await FuzzedServer.start(join(folder.path, 'home'))
  client = new Client(server.port)
  world = new World(client, server.key)
  await world.prepare()
  const description = (await world.ask('GET', '/openapi.json')) as unknown as ApiDescription
  const operations = operationsOf(description)
  run = { operations, named: description.components.schemas, key: server.key, world, client, tally: new Tally(operations) }
  before = await server.holds()
})
afterAll(async () => {
  client.close()
  server.kill()
  await folder[Symbol.asyncDispose]()
})

it('answers ten thousand requests, good and hostile, as its description says', async () => {
  const chance = new Chance(seed)
  await fuzz(run, { good: accepted + 2, bad: hostile }, chance)
  await makeUp(run, accepted, chance)
  expect(run.tally.faults, `seed ${seed}`).toEqual([])
  expect(run.tally.requests).toBeGreaterThanOrEqual(10_000)
  const few = run.operations
    .filter(({ id }) => run.tally.acceptedOf(id) < accepted)
    .map(({ id }) => [id, run.tally.notes.get(id)])
  expect(few, `seed ${seed}: who adds an operation tells in recipes.ts what it accepts`).toEqual([])
})

it('survives everything that is said over WebSockets', async () => {
  const faults = await talkOverSockets(run, { port: server.port, rounds: accepted }, new Chance(seed + 1))
  expect(faults, `seed ${seed}`).toEqual([])
})

it('removes its pools, which would meet the faults that others are to meet', async () => {
  for (const pool of await namesOf('/v1/pools', 'name')) await world.ask('DELETE', `/v1/pools/${pool}`)
})

it.each(Object.entries(provocations))('says %s where that is the matter', async (code, provoke) => {
  const answer = await provoke({ world, server })
  const asked = { method: 'POST', path: '', headers: {} }
  const verdict = judged(asked, undefined, answer, run.named, true)
  run.tally.count('(provoked)', answer.status, verdict.code)
  expect({ code: verdict.code, status: answer.status, faults: verdict.faults }).toEqual({
    code,
    status: errorStatus[code as ErrorCode],
    faults: [],
  })
})

it('has said every code that there is', () => {
  process.stdout.write(`seed ${seed}, ${run.tally.requests} requests\n${run.tally.table(unreachable)}\n`)
  const missing = Object.keys(errorStatus).filter((code) => !run.tally.codes.has(code) && !(code in unreachable))
  expect(missing).toEqual([])
  expect(Object.keys(unreachable).filter((code) => run.tally.codes.has(code))).toEqual([])
})

it('holds on to nothing when all is removed, and ends well', async () => {
  await Promise.all((await namesOf('/v1/namespaces', 'name')).map(emptied))
  client.close()
  await waitUntil('what was asked for to be let go', async () => {
    const { machines, sockets } = await server.holds()
    return machines === 0 && sockets <= 2
  })
  const after = await server.holds()
  expect(after.heapMiB).toBeLessThan(before.heapMiB + 96)
  expect(after.rssMiB).toBeLessThan(before.rssMiB + 512)
  expect(await server.close()).toBe(0)
  expect(server.log()).not.toMatch(/"event":"http\.failed"|unhandled|uncaught|Warning:|TypeError|RangeError/i)
}, 60_000)

async function emptied(namespace: string): Promise<void> {
  const at = world.at(namespace)
  for (const id of await namesOf(`${at}/machines?limit=1000`, 'id')) await world.send('DELETE', `${at}/machines/${id}`)
  for (const id of await namesOf(`${at}/snapshots?limit=1000`, 'id')) await world.send('DELETE', `${at}/snapshots/${id}?force`)
}

async function namesOf(path: string, field: string): Promise<string[]> {
  const { items } = (await world.ask('GET', path)) as { items: Record<string, string>[] }
  return items.map((item) => item[field] ?? '')
}
