import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type LauncherMessage, MessageSplitter } from './message-splitter.ts'

const aMessage = fc.record({
  op: fc.integer({ min: 0, max: 255 }),
  request: fc.integer({ min: 0, max: 0xffff_ffff }),
  fields: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
})

function encode({ op, request, fields }: LauncherMessage): Buffer {
  const head = Buffer.alloc(9)
  head.writeUInt32BE(fields.length + 5)
  head[4] = op
  head.writeUInt32BE(request, 5)
  return Buffer.concat([head, fields])
}

describe('MessageSplitter', () => {
  it('finds the messages however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(aMessage, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (messages, cuts) => {
          const stream = Buffer.concat(messages.map(encode))
          const splitter = new MessageSplitter()
          const found: LauncherMessage[] = []
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const end = at + (cuts[turn % cuts.length] ?? 1)
            found.push(...splitter.push(stream.subarray(at, end)))
            at = end
          }
          expect(found).toEqual(messages)
        },
      ),
    )
  })

  it.each([0, 4, 1024 * 1024 + 1, 0xffff_ffff])('refuses the length %i', (length) => {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(length)
    expect(() => new MessageSplitter().push(head)).toThrow(`${length} is no length of a message`)
  })
})
