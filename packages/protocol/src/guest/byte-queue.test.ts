import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteQueue } from './byte-queue.ts'

function drain(queue: ByteQueue): Buffer[] {
  const pieces: Buffer[] = []
  for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) pieces.push(piece)
  return pieces
}

describe('ByteQueue', () => {
  it('gives the same bytes in the same order', () => {
    const aStep = fc.oneof(fc.uint8Array({ maxLength: 3000 }), fc.constant('shift' as const), fc.constant('large' as const))
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 60 }), (steps) => {
        const queue = new ByteQueue()
        const pushed: Buffer[] = []
        const shifted: Buffer[] = []
        for (const step of steps) {
          if (step === 'shift') shifted.push(queue.shift() ?? Buffer.alloc(0))
          else {
            const bytes = step === 'large' ? Buffer.alloc(20_000, pushed.length) : Buffer.from(step)
            pushed.push(bytes)
            queue.push(bytes)
          }
        }
        shifted.push(...drain(queue))
        expect(Buffer.concat(shifted).equals(Buffer.concat(pushed))).toBe(true)
        expect(queue.length).toBe(0)
      }),
    )
  })

  it('keeps bytes that come one by one in few pieces, and pins none of the chunks they came in', () => {
    const queue = new ByteQueue()
    const chunk = Buffer.alloc(65_536)
    for (let n = 0; n < 100_000; n += 1) queue.push(chunk.subarray(n % 65_536, (n % 65_536) + 1))
    expect(queue.length).toBe(100_000)
    const pieces = drain(queue)
    expect(pieces.length).toBeLessThan(12)
    expect(pieces.every((piece) => piece.buffer !== chunk.buffer)).toBe(true)
  })
})
