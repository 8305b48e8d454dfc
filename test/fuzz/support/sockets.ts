import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Chance } from './chance.ts'
import type { FuzzRun } from './fuzz-run.ts'
import { hostileTexts, hostileValues } from './hostile-texts.ts'

/** How long a talk may last. */
const talkMs = 10_000

/** What may be said to `exec`, first and later. */
const openings = [
  { argv: ['echo', 'hello'] },
  { argv: ['cat'], stdin: true },
  { argv: ['sleep', '1000'], pty: { cols: 80, rows: 24 } },
  { attach: 1 },
  { argv: ['true'], detach: true, tag: 'fuzz' },
]
const controls = [
  { type: 'eof' },
  { type: 'pause' },
  { type: 'resume' },
  { type: 'resize', cols: 1, rows: 1000 },
  { type: 'signal', signal: 9 },
  { type: 'signal', signal: 64 },
]

/** Opens so many WebSockets of each kind, says good and hostile things, and leaves in every way there is. What went wrong. */
export async function talkOverSockets(
  { world, key, tally }: FuzzRun,
  { port, rounds }: { port: number; rounds: number },
  chance: Chance,
): Promise<string[]> {
  const faults: string[] = []
  for (const what of ['exec', 'dial/7777'] as const) {
    const url = `ws://127.0.0.1:${port}/v1/machines/${world.machine('default')}/${what}`
    for (let begun = 0; begun < rounds; begun += 10) {
      const talks = Array.from({ length: 10 }, () => talk(url, key, wordsFor(what, chance), chance))
      for (const said of await Promise.allSettled(talks)) {
        if (said.status === 'rejected') faults.push(`${what}: ${String(said.reason)}`)
        else tally.count(`${what} (WebSocket)`, 101, codeIn(said.value))
      }
    }
  }
  return faults
}

function wordsFor(what: string, chance: Chance): (string | Buffer)[] {
  const first = what === 'exec' && chance.odds(0.8) ? [JSON.stringify(chance.pick(openings))] : []
  const more = Array.from({ length: chance.int(0, 6) }, () => {
    const odd = chance.pick<unknown>([
      ...hostileValues,
      ...hostileTexts,
      { type: 'exit' },
      { type: 'signal', signal: 65 },
      { argv: [] },
    ])
    return chance.pick<string | Buffer>([
      JSON.stringify(chance.pick(controls)),
      JSON.stringify(odd),
      chance.pick(hostileTexts),
      Buffer.alloc(chance.pick([0, 1, 1000, 70_000]), chance.int(0, 3)),
    ])
  })
  return [...first, ...more]
}

/** The text messages of the server. */
async function talk(url: string, key: string, words: readonly (string | Buffer)[], chance: Chance): Promise<string[]> {
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${key}` } })
  const heard: string[] = []
  socket.on('message', (data, isBinary) => {
    if (!isBinary) heard.push(String(data))
  })
  const closed = once(socket, 'close')
  await once(socket, 'open')
  for (const word of words) socket.send(word)
  const [leave, afterMs] = [chance.pick(['close', 'terminate', 'half'] as const), chance.int(1, 30)]
  await new Promise((resolve) => setTimeout(resolve, afterMs))
  if (leave === 'close') socket.close(1000)
  else if (leave === 'terminate') socket.terminate()
  else socket.close(4999, 'x'.repeat(100))
  const late = setTimeout(() => socket.emit('error', new Error(`not closed within ${talkMs} ms`)), talkMs)
  await closed
  clearTimeout(late)
  return heard
}

function codeIn(heard: readonly string[]): string | undefined {
  const last = heard.map((text) => JSON.parse(text) as { type: string; error?: { code: string } }).find(({ error }) => error)
  return last?.error?.code
}
