import { type Duplex, duplexPair } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type GuestSession, HearthError } from '@hearth/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openGuest } from './connection.ts'
import type { Exchange } from './testing/exchange.ts'
import { exchanges } from './testing/exchanges.ts'

const timing = { firstAnswerMs: 20, lastAnswerMs: 20, firstPauseMs: 0, longestPauseMs: 1 }
const allowed = ['guest_protocol', 'guest_unreachable', 'guest_error', 'cancelled']

/** How a guest's bytes are spoiled. */
interface Spoil {
  readonly at: number
  readonly bytes: Uint8Array
  readonly insert: boolean
  readonly splitAt: number
}

const aSpoil: fc.Arbitrary<Spoil> = fc.record({
  at: fc.nat(600),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
  insert: fc.boolean(),
  splitAt: fc.integer({ min: 1, max: 200 }),
})

/** All that the guest says behind its hello, spoiled. */
function spoiledBytes(exchange: Exchange, spoil: Spoil): Buffer {
  const said = exchange.steps.filter((step) => step.from === 'guest').slice(2)
  const bytes = Buffer.concat(said.map((step) => Buffer.from(step.hex, 'hex')))
  const at = bytes.length === 0 ? 0 : spoil.at % bytes.length
  return Buffer.concat([bytes.subarray(0, at), spoil.bytes, bytes.subarray(spoil.insert ? at : at + spoil.bytes.length)])
}

/** A guest that shakes hands, says hello, and then whatever it likes. */
function guestThatSays(exchange: Exchange, bytes: Buffer, splitAt: number): () => Promise<Duplex> {
  const opening = exchange.steps.filter((step) => step.from === 'guest').slice(0, 2)
  return async () => {
    const [host, guest] = duplexPair()
    guest.on('error', () => undefined)
    guest.once('data', () => {
      guest.write(Buffer.from(opening[0]?.hex ?? '', 'hex'))
      guest.write(Buffer.from(opening[1]?.hex ?? '', 'hex'))
      // The host's first requests; after a turn of the event loop for them to be made.
      guest.once('data', () =>
        setImmediate(() => {
          for (let at = 0; at < bytes.length; at += splitAt) guest.write(bytes.subarray(at, at + splitAt))
          guest.end()
        }),
      )
    })
    return host
  }
}

/** Everything at once, on streams 2, 3, 4 …, so that the spoiled bytes meet every kind of reader. */
function askEverything(session: GuestSession): Promise<unknown>[] {
  return [
    session.exec({ argv: ['cat'], stdin: true }).then((process) => {
      process.stdin.end('hello')
      return Promise.all([buffer(process.stdout), buffer(process.stderr), process.exit])
    }),
    session.readFile('/etc/motd').then((read) => buffer(read.content)),
    session.writeFile('/etc/motd', 0o600).then((write) => write.done),
    session.list('/srv', 2),
    session.stat('/bin'),
    session.watch('/srv', true)[Symbol.asyncIterator]().next(),
    session.dial(8080).then((stream) => buffer(stream)),
    session.listExecs(),
    session.metrics(),
  ]
}

describe('a guest that says anything', () => {
  it('makes the client fail with its own errors only, and never leaves a promise pending', async () => {
    const recorded = exchanges.filter(
      (one) => one.steps.every((step) => step.type !== 'RAW') && one.name !== 'hello-unauthorized',
    )
    const seen = new Set<string>()
    const run = async (exchange: Exchange, spoil: Spoil) => {
      const connect = guestThatSays(exchange, spoiledBytes(exchange, spoil), spoil.splitAt)
      const nonce = exchange.steps[0]?.fields[0] ?? ''
      const connection = openGuest(connect, { timing, newNonce: () => nonce, deadlineMs: 500, holdMs: 20 })
      try {
        const session = await connection.session()
        const results = askEverything(session)
        await session.closed
        connection.close()
        for (const result of await Promise.allSettled(results)) {
          if (result.status === 'fulfilled') continue
          const error: unknown = result.reason
          const code = error instanceof HearthError ? error.code : String((error as NodeJS.ErrnoException).code)
          seen.add(code)
          // A stream that was destroyed in the middle tells its reader so in Node's words.
          expect([...allowed, 'ERR_STREAM_PREMATURE_CLOSE']).toContain(code)
        }
      } finally {
        connection.close()
      }
    }
    await fc.assert(fc.asyncProperty(fc.constantFrom(...recorded), aSpoil, run), {
      numRuns: 150,
      endOnFailure: true,
      timeout: 5_000,
    })
  })
})
