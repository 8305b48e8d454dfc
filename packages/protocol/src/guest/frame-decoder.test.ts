import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameDecoder, FrameError } from './frame-decoder.ts'
import { creditFrame, dataFrame, endFrame, frameLimits } from './frames.ts'
import { AnswerScanner, handshakeAnswer } from './handshake.ts'

interface Seen {
  readonly type: number
  readonly stream: number
  readonly payload: string
}

function decode(chunks: readonly Buffer[]): Seen[] {
  const seen: Seen[] = []
  const decoder = new FrameDecoder((type, stream, payload) => seen.push({ type, stream, payload: payload.toString('hex') }))
  for (const chunk of chunks) decoder.push(chunk)
  return seen
}

function split(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let at = 0
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes.length === 0 ? bytes.length : (sizes[turn % sizes.length] ?? 1)
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}

const aFrame = fc.oneof(
  fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(2), fc.uint8Array({ minLength: 1, maxLength: 500 })).map((one) => dataFrame(...one)),
  fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(2)).map((one) => endFrame(...one)),
  fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(2), fc.nat(2 ** 32 - 1)).map((one) => creditFrame(...one)),
)
const someSizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 })

describe('FrameDecoder', () => {
  it('finds the same frames however the bytes are split', () => {
    fc.assert(
      fc.property(fc.array(aFrame, { maxLength: 12 }), someSizes, (frames, sizes) => {
        const bytes = Buffer.concat(frames)
        const due = frames.map((one) => ({
          type: one[4],
          stream: one.readUInt32BE(5),
          payload: one.subarray(frameLimits.headerBytes).toString('hex'),
        }))
        expect(decode(split(bytes, sizes))).toEqual(due)
        expect(decode([bytes])).toEqual(due)
      }),
    )
  })

  it('takes the largest frame and refuses a larger one, and one that is too short', () => {
    const largest = Buffer.alloc(4 + frameLimits.maxLength, 1)
    largest.writeUInt32BE(frameLimits.maxLength)
    expect(decode(split(largest, [60_000]))).toHaveLength(1)
    for (const length of [0, 4, frameLimits.maxLength + 1, 0x0a484541, 0xffffffff]) {
      const word = Buffer.alloc(4)
      word.writeUInt32BE(length)
      expect(() => decode([word])).toThrow(FrameError)
      expect(() => decode(split(word, [1]))).toThrow(`a frame of ${length} bytes, allowed are 5 to 262144`)
    }
  })

  it('throws nothing but FrameError on any bytes', () => {
    fc.assert(
      fc.property(
        fc.array(aFrame, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        fc.nat(255),
        someSizes,
        (frames, at, byte, sizes) => {
          const bytes = Buffer.concat(frames)
          bytes[at % bytes.length] = byte
          try {
            decode(split(bytes, sizes))
          } catch (error) {
            expect(error).toBeInstanceOf(FrameError)
          }
        },
      ),
    )
  })
})

describe('AnswerScanner', () => {
  const nonce = '00112233445566778899aabbccddeeff'

  it('finds the answer behind anything, however it is split, and returns what follows', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 30 }), someSizes, (before, after, sizes) => {
        const almost = handshakeAnswer(nonce).subarray(0, 40)
        const bytes = Buffer.concat([before, almost, handshakeAnswer(nonce), after])
        const scanner = new AnswerScanner(nonce)
        const chunks = split(bytes, sizes)
        const found = chunks.findIndex((chunk, index) => {
          const rest = scanner.push(chunk)
          if (rest === undefined) return false
          expect(Buffer.concat([rest, ...chunks.slice(index + 1)])).toEqual(Buffer.from(after))
          return true
        })
        expect(found).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('does not take the answer to another nonce', () => {
    expect(new AnswerScanner(nonce).push(handshakeAnswer('f'.repeat(32)))).toBeUndefined()
  })
})
