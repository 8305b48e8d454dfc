import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { apiClient } from '../server/support/api-client.ts'
import { ServerProcess } from '../server/support/server-process.ts'
import { scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'

/** Follows the events of a home's server as a client does that comes back behind the last event it has seen. */
class Follower {
  readonly seen: number[] = []
  readonly #home: string
  #response: IncomingMessage | undefined

  constructor(home: string) {
    this.#home = home
  }

  async follow(): Promise<void> {
    const headers = { 'last-event-id': String(this.seen.at(-1) ?? 0) }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asking = request({ socketPath: join(this.#home, 'hearth.sock'), path: '/v1/events', headers, agent: false })
      asking.once('response', resolve)
      asking.once('error', reject)
      asking.end()
    })
    this.#response = response
    let rest = ''
    response.setEncoding('utf8')
    response.on('data', (text: string) => {
      const whole = (rest + text).split('\n\n')
      rest = whole.pop() ?? ''
      for (const event of whole) {
        const id = /^id: ([0-9]+)$/m.exec(event)?.[1]
        // "ready" says how far it has come, and tells nothing new.
        if (id !== undefined && !/^event: ready$/m.test(event)) this.seen.push(Number(id))
      }
    })
    response.on('error', () => undefined) // Its server is killed.
  }

  leave(): void {
    this.#response?.destroy()
  }
}

it('tells whoever comes back everything once, although the server was killed while much was going on', async () => {
  await using folder = await scratchFolder()
  const home = join(folder.path, 'h')
  const call = apiClient(home)
  const follower = new Follower(home)
  let server = await ServerProcess.start(home)
  try {
    await call('POST', '/v1/templates?wait=60', { name: 'base', source: 'builtin:base' })
    for (let life = 0; life < 3; life += 1) {
      await follower.follow()
      const reached = follower.seen.length + 40
      const load = Array.from({ length: 4 }, () => launchUntilDead())
      await waitUntil('much to have happened', () => follower.seen.length >= reached)
      await server.kill()
      await Promise.all(load)
      server = await ServerProcess.start(home)
    }
    await follower.follow()
    const all = new Follower(home)
    await all.follow()
    await waitUntil('everything to be told', () => follower.seen.length > 0 && follower.seen.at(-1) === all.seen.at(-1))
    expect(follower.seen).toEqual(all.seen)
    expect(new Set(follower.seen).size).toBe(follower.seen.length)
    follower.leave()
    all.leave()
  } finally {
    await server.kill()
  }

  async function launchUntilDead(): Promise<void> {
    for (;;) {
      try {
        await call('POST', '/v1/machines', { template: 'base' })
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toMatch(/ECONNRESET|ECONNREFUSED|EPIPE|ENOENT/)
        return
      }
    }
  }
})
