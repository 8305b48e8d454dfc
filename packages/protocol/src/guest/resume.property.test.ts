import { Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { GuestConnection } from '@hearth/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openGuest } from './connection.ts'
import { InMemoryGuestDouble } from './doubles/in-memory-guest-double.ts'

const timing = { firstAnswerMs: 50, lastAnswerMs: 100, firstPauseMs: 0, longestPauseMs: 2 }

interface Cut {
  /** The stream breaks after so many bytes in either direction; what is on its way is lost. */
  readonly upBytes: number
  readonly downBytes: number
  readonly pieceBytes: number
}

/** A stream that delivers in small pieces and breaks in the middle of them. */
class BreakingStream extends Duplex {
  readonly #inner: Duplex
  readonly #cut: Cut
  #up = 0
  #down = 0

  constructor(inner: Duplex, cut: Cut) {
    super()
    this.#inner = inner
    this.#cut = cut
    inner.on('data', (chunk: Buffer) => this.#deliver(chunk))
    inner.on('end', () => this.push(null))
    inner.on('error', () => undefined)
    this.on('close', () => inner.destroy())
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const rest = chunk.subarray(0, Math.max(0, this.#cut.upBytes - this.#up))
    this.#up += chunk.length
    for (let at = 0; at < rest.length; at += this.#cut.pieceBytes) this.#inner.write(rest.subarray(at, at + this.#cut.pieceBytes))
    if (rest.length < chunk.length) this.destroy(new Error('cut on the way up'))
    done()
  }

  #deliver(chunk: Buffer): void {
    const rest = chunk.subarray(0, Math.max(0, this.#cut.downBytes - this.#down))
    this.#down += chunk.length
    for (let at = 0; at < rest.length && !this.destroyed; at += this.#cut.pieceBytes) {
      this.push(Buffer.from(rest.subarray(at, at + this.#cut.pieceBytes)))
    }
    if (rest.length < chunk.length) this.destroy(new Error('cut on the way down'))
  }
}

const aCutAfter = (maxBytes: number, pieceBytes: { readonly min: number; readonly max: number }) =>
  fc.record({
    upBytes: fc.integer({ min: 50, max: maxBytes }),
    downBytes: fc.integer({ min: 50, max: maxBytes }),
    pieceBytes: fc.integer(pieceBytes),
  })
/** Early in tiny pieces (within the handshake, within a header), or late in large ones. */
const aCut = fc.oneof(aCutAfter(3_000, { min: 1, max: 40 }), aCutAfter(400_000, { min: 3_000, max: 70_000 }))

/** Suspends and resumes as the engine does: resume is called whatever became of the suspension, until it works. */
async function suspendAndResume(connection: GuestConnection): Promise<void> {
  await connection.suspend(1_000).catch(() => undefined)
  for (let attempt = 0; attempt < 50; attempt += 1) {
    try {
      await connection.resume({})
      return
    } catch (error) {
      expect(error).toMatchObject({ code: 'guest_unreachable' })
    }
  }
  throw new Error('never resumed')
}

function pattern(length: number, seed: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + seed) & 0xff))
}

describe('streams over many sessions', () => {
  it('lose and double no byte, wherever the stream breaks and whenever the machine is suspended', async () => {
    const aWrite = fc.record({ bytes: fc.integer({ min: 0, max: 150_000 }), suspend: fc.boolean() })
    const run = async (cuts: readonly Cut[], writes: readonly { bytes: number; suspend: boolean }[]) => {
      const guest = new InMemoryGuestDouble()
      const plan = [...cuts]
      const whole = { upBytes: Number.POSITIVE_INFINITY, downBytes: Number.POSITIVE_INFINITY, pieceBytes: 65_536 }
      // The first session is whole, so that the streams can be opened; a broken EXEC is not repeated.
      let sessions = 0
      const connection = openGuest(
        async () => new BreakingStream(guest.connect(), sessions++ === 0 ? whole : (plan.shift() ?? whole)),
        { timing },
      )
      try {
        const session = await connection.session()
        const cat = await session.exec({ argv: ['cat'], stdin: true })
        const output = buffer(cat.stdout)
        const file = await session.writeFile('/tmp/file', 0o600)
        guest.disconnect()
        const all: Buffer[] = []
        for (const [index, write] of writes.entries()) {
          const block = pattern(write.bytes, index)
          all.push(block)
          const taken = [cat.stdin, file.content].map((stream) => new Promise((resolve) => stream.write(block, resolve)))
          if (write.suspend) await suspendAndResume(connection)
          await Promise.all(taken)
        }
        cat.stdin.end()
        file.content.end()
        await file.done
        const sent = Buffer.concat(all)
        expect((await output).equals(sent)).toBe(true)
        expect(guest.readFile('/tmp/file')?.equals(sent)).toBe(true)
        expect(await cat.exit).toEqual({ code: 0 })
        expect(cat.lostBytes).toBe(0)
      } finally {
        connection.close()
      }
    }
    const cuts = fc.array(aCut, { maxLength: 12 })
    await fc.assert(fc.asyncProperty(cuts, fc.array(aWrite, { minLength: 1, maxLength: 6 }), run), {
      numRuns: 40,
      endOnFailure: true,
    })
  })

  it('read a file to its end over many sessions', async () => {
    const run = async (cuts: readonly Cut[], bytes: number) => {
      const guest = new InMemoryGuestDouble()
      const content = pattern(bytes, 3)
      guest.putFile('/tmp/file', { kind: 'file', content, mode: 0o600, uid: 0, gid: 0, mtimeMs: 1, xattrs: new Map() })
      const plan = [...cuts]
      const whole = { upBytes: Number.POSITIVE_INFINITY, downBytes: Number.POSITIVE_INFINITY, pieceBytes: 65_536 }
      const connection = openGuest(async () => new BreakingStream(guest.connect(), plan.shift() ?? whole), { timing })
      try {
        const session = await connection.session()
        const read = await session.readFile('/tmp/file').catch(() => undefined)
        if (read === undefined) return
        expect((await buffer(read.content)).equals(content)).toBe(true)
      } finally {
        connection.close()
      }
    }
    const cuts = fc.array(aCut, { maxLength: 8 })
    await fc.assert(fc.asyncProperty(cuts, fc.integer({ min: 0, max: 900_000 }), run), {
      numRuns: 30,
      endOnFailure: true,
      timeout: 8_000,
    })
  })
})
