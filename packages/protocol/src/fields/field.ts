import { isUtf8 } from 'node:buffer'
import { FieldError } from './field-error.ts'
import type { FieldWriter } from './field-writer.ts'

/** How often a field may come: exactly once, at most once, or any number of times. */
export type Presence = 'one' | 'optional' | 'repeated'

/** One field of a list: its tag, and how its value becomes bytes and comes back. */
export interface Field<T, P extends Presence = 'one'> {
  readonly tag: number
  readonly presence: P
  /** @throws FieldError when the value has no such bytes */
  write(writer: FieldWriter, value: T): void
  /** Reads the content, without tag and length. @throws FieldError */
  read(content: Buffer): T
}

/** Fields one after the other, as they stand inside another field. */
export interface FieldSequence<T> {
  decode(bytes: Uint8Array): T
  writeTo(writer: FieldWriter, value: T): void
}

/** The value types of the field lists in docs/guest-protocol.md; each takes the tag. */
export const field = {
  /** `u`: a whole number from 0 to 2^53 - 1 (more is an error, here as there). */
  unsigned: (tag: number): Field<number> => ({
    tag,
    presence: 'one',
    write: (writer, value) => writer.unsigned(tag, wholeNumber(value, 0)),
    read: (content) => safeNumber(word(content).readBigUInt64BE()),
  }),

  /** `i`: a whole number from -(2^53 - 1) to 2^53 - 1. */
  signed: (tag: number): Field<number> => ({
    tag,
    presence: 'one',
    write: (writer, value) => writer.signed(tag, wholeNumber(value, Number.MIN_SAFE_INTEGER)),
    read: (content) => safeNumber(word(content).readBigInt64BE()),
  }),

  /** `i` in its full width, for nanoseconds. */
  signedBig: (tag: number): Field<bigint> => ({
    tag,
    presence: 'one',
    write: (writer, value) => writer.signed(tag, inSigned64(value)),
    read: (content) => word(content).readBigInt64BE(),
  }),

  /** `s`: UTF-8, at most `maxBytes` when read. */
  text: (tag: number, maxBytes = Number.POSITIVE_INFINITY): Field<string> => ({
    tag,
    presence: 'one',
    write: (writer, value) => writer.text(tag, wellFormed(value)),
    read(content) {
      atMost(content, maxBytes)
      if (!isUtf8(content)) throw new FieldError('is not UTF-8')
      return content.toString('utf8')
    },
  }),

  /** `b`, at most `maxBytes` when read. What is read is a view of the bytes that were decoded. */
  bytes: (tag: number, maxBytes = Number.POSITIVE_INFINITY): Field<Uint8Array> => ({
    tag,
    presence: 'one',
    write: (writer, value) => writer.bytes(tag, value),
    read(content) {
      atMost(content, maxBytes)
      return content
    },
  }),

  /** `b` that holds a path: at most 4,096 bytes without NUL (see `systemText`). */
  path: (tag: number): Field<string> => systemText(tag, 4096),

  /** `b` that holds one argument of a command: at most 131,072 bytes without NUL (see `systemText`). */
  argument: (tag: number): Field<string> => systemText(tag, 131_072),

  /** `?`: one byte, 0 or 1. */
  flag: (tag: number): Field<boolean> => ({
    tag,
    presence: 'one',
    write: (writer, value) => writer.flag(tag, value),
    read(content) {
      if (content.length !== 1) throw new FieldError(`has ${content.length} bytes where 1 is due`)
      const byte = content[0]
      if (byte !== 0 && byte !== 1) throw new FieldError(`is ${byte} where 0 or 1 is due`)
      return byte === 1
    },
  }),

  /** `f`: a field list inside a field. */
  nested: <T extends object>(tag: number, list: FieldSequence<T>): Field<T> => ({
    tag,
    presence: 'one',
    write(writer, value) {
      const mark = writer.open(tag)
      list.writeTo(writer, value)
      writer.close(mark)
    },
    read: (content) => list.decode(content),
  }),
} as const

/** A field that may be absent. */
export function optional<T>(one: Field<T>): Field<T, 'optional'> {
  return { ...one, presence: 'optional' }
}

/** A field that comes any number of times, as an array in the order of the bytes. */
export function repeated<T>(one: Field<T>): Field<T, 'repeated'> {
  return { ...one, presence: 'repeated' }
}

/**
 * Bytes that a system call takes for text. What is not UTF-8 is shown with U+FFFD in place of what cannot be read,
 * and cannot be asked for again under that name.
 */
function systemText(tag: number, maxBytes: number): Field<string> {
  return {
    tag,
    presence: 'one',
    write: (writer, value) => writer.text(tag, withoutNul(wellFormed(value))),
    read(content) {
      atMost(content, maxBytes)
      return withoutNul(content.toString('utf8'))
    },
  }
}

function wholeNumber(value: number, min: number): bigint {
  if (!Number.isSafeInteger(value) || value < min) throw new FieldError(`is ${value}, not a whole number from ${min}`)
  return BigInt(value)
}

function safeNumber(value: bigint): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new FieldError(`is ${value}, beyond 2^53`)
  return number
}

function inSigned64(value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value) throw new FieldError(`is ${value}, beyond 64 bits`)
  return value
}

function word(content: Buffer): Buffer {
  if (content.length !== 8) throw new FieldError(`has ${content.length} bytes where 8 are due`)
  return content
}

function atMost(content: Buffer, maxBytes: number): void {
  if (content.length > maxBytes) throw new FieldError(`has ${content.length} bytes, at most ${maxBytes} are allowed`)
}

function wellFormed(value: string): string {
  if (!value.isWellFormed()) throw new FieldError('has a half surrogate, which UTF-8 cannot say')
  return value
}

function withoutNul(text: string): string {
  if (text.includes('\0')) throw new FieldError('has a NUL byte')
  return text
}
