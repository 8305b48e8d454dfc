import type { Chance } from './chance.ts'
import type { Client } from './client.ts'
import { composed, written } from './compose.ts'
import type { Schemas } from './json-schema.ts'
import { judged } from './judge.ts'
import { hostile } from './mutations.ts'
import type { Operation } from './operations.ts'
import type { Recipe, Wish } from './recipe.ts'
import { recipeOf } from './recipes.ts'
import type { Tally } from './tally.ts'
import type { Fields, World } from './world.ts'

/** So many clients ask at the same time. */
const concurrency = 12

export interface FuzzRun {
  readonly operations: readonly Operation[]
  readonly named: Schemas
  readonly key: string
  readonly world: World
  readonly client: Client
  readonly tally: Tally
}

interface Turn {
  readonly operation: Operation
  readonly isHostile: boolean
  readonly chance: Chance
}

/** So many good and so many bad requests of every operation, in an order by chance. */
export async function fuzz(run: FuzzRun, { good, bad }: { good: number; bad: number }, chance: Chance): Promise<void> {
  const turns = run.operations.flatMap((operation) =>
    Array.from({ length: good + bad }, (_none, index): Turn => ({ operation, isHostile: index >= good, chance: chance.fork() })),
  )
  await inTurns(shuffled(turns, chance), (turn) => ask(run, turn))
}

/** Good requests of each operation until `least` were accepted; some were in each other's way. */
export async function makeUp(run: FuzzRun, least: number, chance: Chance): Promise<void> {
  for (const operation of run.operations) {
    for (let tries = 0; run.tally.acceptedOf(operation.id) < least && tries < 2 * least; tries += 1) {
      await ask(run, { operation, isHostile: false, chance: chance.fork() })
    }
  }
}

async function ask({ named, key, world, client, tally }: FuzzRun, { operation, isHostile, chance }: Turn): Promise<void> {
  const namespace = operation.isNamespaced ? 'fuzz' : 'default'
  const wish = await prepared(recipeOf(operation.kind)(world, namespace, chance), operation.id, tally)
  if (wish === undefined) return
  const draft = composed(operation, wish, named, key, chance)
  const { how, asked } = isHostile ? hostile(draft, chance) : { how: 'good', asked: written(draft) }
  const line = `${how}: ${asked.method} ${asked.path.slice(0, 200)}`
  try {
    const answer = await client.send(asked)
    const { code, faults } = judged(asked, operation, answer, named)
    tally.count(operation.id, answer.status, code)
    for (const fault of faults) tally.faults.push(`${line}: ${fault} | ${String(asked.body ?? '').slice(0, 200)}`)
    const isJson = answer.type.startsWith('application/json') && asked.method === operation.method
    if (answer.status < 300 && wish.after && asked.bytes === undefined)
      await wish.after(isJson ? (JSON.parse(answer.body) as Fields) : {})
    if (!isHostile && answer.status >= 400)
      tally.note(operation.id, `${line} | ${String(asked.body ?? '').slice(0, 300)} -> ${answer.body.slice(0, 300)}`)
  } catch (error) {
    if (!/: 4[0-9]{2} /.test(String(error))) tally.faults.push(`${line}: ${String(error)}`)
  }
}

/** Others may have used up what a recipe wanted to use; that the server failed is no excuse. */
async function prepared(wish: ReturnType<Recipe>, id: string, tally: Tally): Promise<Wish | undefined> {
  try {
    return await wish
  } catch (error) {
    if (!/: 4[0-9]{2} /.test(String(error))) tally.faults.push(`before ${id}: ${String(error)}`)
    tally.note(id, String(error))
    return undefined
  }
}

async function inTurns(turns: readonly Turn[], take: (turn: Turn) => Promise<void>): Promise<void> {
  const rest = turns.values()
  const worker = async () => {
    for (const turn of rest) await take(turn)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

function shuffled<T>(all: readonly T[], chance: Chance): T[] {
  const keyed = all.map((one) => ({ one, at: chance.share() }))
  return keyed.sort((a, b) => a.at - b.at).map(({ one }) => one)
}
