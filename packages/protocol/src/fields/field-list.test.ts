import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { field, optional, repeated } from './field.ts'
import { FieldError } from './field-error.ts'
import { fieldList } from './field-list.ts'

const child = fieldList({ name: field.text(1), size: field.unsigned(2) })
const everything = fieldList({
  count: field.unsigned(1),
  delta: field.signed(2),
  wallClockNs: field.signedBig(3),
  name: field.text(4),
  blob: field.bytes(5),
  path: field.path(6),
  on: field.flag(7),
  child: field.nested(8, child),
  note: optional(field.text(9)),
  args: repeated(field.bytes(10)),
  children: repeated(field.nested(11, child)),
})

const small = fieldList({ count: field.unsigned(1), on: optional(field.flag(2)) })
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

const aText = fc.string({ unit: 'grapheme', maxLength: 40 })
const aChild = fc.record({ name: aText, size: fc.maxSafeNat() })
const aBlob = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes))
const aValue = fc.record(
  {
    count: fc.maxSafeNat(),
    delta: fc.maxSafeInteger(),
    wallClockNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    name: aText,
    blob: aBlob,
    path: aText.filter((text) => !text.includes('\0')),
    on: fc.boolean(),
    child: aChild,
    note: aText,
    args: fc.array(aBlob, { maxLength: 5 }),
    children: fc.array(aChild, { maxLength: 5 }),
  },
  {
    requiredKeys: ['count', 'delta', 'wallClockNs', 'name', 'blob', 'path', 'on', 'child', 'args', 'children'],
    noNullPrototype: true,
  },
)

describe('field lists', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(aValue, (value) => {
        expect(everything.decode(everything.encode(value))).toEqual(value)
      }),
    )
  })

  it('have exactly the bytes of the document', () => {
    expect(small.encode({ count: 258, on: true }).toString('hex')).toBe('01000000080000000000000102' + '020000000101')
    expect(small.encode({ count: 1 }, 3).length).toBe(3 + 13)
  })

  it('skip unknown tags and take fields in any order', () => {
    const bytes = hex('020000000101 63 00000002ffff 01000000080000000000000007')
    expect(small.decode(bytes)).toEqual({ count: 7, on: true })
  })

  it.each([
    ['a wrong size', '0100000004 00000001', 'count (field 1) has 4 bytes where 8 are due'],
    ['a missing field', '020000000101', 'count (field 1) is missing'],
    ['a second one', '0100000008 0000000000000001 0100000008 0000000000000001', 'count (field 1) comes twice'],
    ['bytes behind the last field', '0100000008 0000000000000001 0101', '2 bytes behind the last field'],
    ['a field that is cut off', '0100000008 00000000', 'field 1 is cut off'],
    ['a length beyond the end', '01ffffffff', 'field 1 is cut off'],
    ['a number beyond 2^53', '0100000008 0020000000000000', 'count (field 1) is 9007199254740992, beyond 2^53'],
    ['a flag of 2', '0100000008 0000000000000001 020000000102', 'on (field 2) is 2 where 0 or 1 is due'],
  ])('refuse %s', (_what, bytes, message) => {
    expect(() => small.decode(hex(bytes))).toThrow(new FieldError(message))
  })

  it('refuse text that is not UTF-8, paths with NUL, and what is too long', () => {
    const list = fieldList({ name: optional(field.text(1, 4)), path: optional(field.path(2)), blob: optional(field.bytes(3, 2)) })
    expect(() => list.decode(hex('0100000001ff'))).toThrow('name (field 1) is not UTF-8')
    expect(() => list.decode(hex('01000000056161616161'))).toThrow('at most 4')
    expect(() => list.decode(hex('02000000022f00'))).toThrow('path (field 2) has a NUL byte')
    expect(() => list.decode(hex('0300000003000000'))).toThrow('at most 2')
  })

  it('refuse to write what has no bytes, naming the field', () => {
    expect(() => small.encode({ count: -1 })).toThrow('count (field 1) is -1, not a whole number from 0')
    expect(() => small.encode({ count: 1.5 })).toThrow(FieldError)
    expect(() => child.encode({ name: '\ud800', size: 1 })).toThrow('name (field 1) has a half surrogate')
    expect(() => fieldList({ at: field.signedBig(1) }).encode({ at: 2n ** 63n })).toThrow('beyond 64 bits')
    expect(() => fieldList({ path: field.path(1) }).encode({ path: '/a\0b' })).toThrow('NUL')
  })

  it('refuse two fields with one tag', () => {
    expect(() => fieldList({ a: field.flag(1), b: field.flag(1) })).toThrow('tag 1 is given to two fields')
  })

  it('throw nothing but FieldError on any bytes', () => {
    const decodes = (bytes: Uint8Array) => {
      try {
        everything.decode(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(FieldError)
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), decodes))
    fc.assert(
      fc.property(aValue, fc.nat(), fc.integer({ min: 0, max: 255 }), (value, at, byte) => {
        const bytes = everything.encode(value)
        bytes[at % bytes.length] = byte
        decodes(bytes)
      }),
    )
  })
})
