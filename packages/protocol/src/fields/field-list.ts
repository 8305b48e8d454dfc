import type { Field, FieldSequence, Presence } from './field.ts'
import { FieldError } from './field-error.ts'
import { FieldWriter, fieldHeaderBytes } from './field-writer.ts'

type Fields = Readonly<Record<string, Field<never, Presence> | Field<unknown, Presence>>>
type ValueOf<F> = F extends Field<infer T, infer P> ? (P extends 'repeated' ? readonly T[] : T) : never
type OptionalKeys<D> = {
  [K in keyof D]: D[K] extends Field<infer _T, infer P> ? (P extends 'optional' ? K : never) : never
}[keyof D]

/** The value that a definition of fields describes. */
export type FieldValues<D> = {
  readonly [K in Exclude<keyof D, OptionalKeys<D>>]: ValueOf<D[K]>
} & { readonly [K in OptionalKeys<D>]?: ValueOf<D[K]> | undefined }

/** A list of `u8 tag | u32 length | bytes`, as the guest and the launcher protocol use it. */
export interface FieldList<T extends object> extends FieldSequence<T> {
  /** `reserveBytes` are left free at the start for a header. @throws FieldError naming the field that cannot be written */
  encode(value: T, reserveBytes?: number): Buffer
  /**
   * Strict: a wrong size, a missing field, a second one where one is allowed, or bytes behind the last field is an error;
   * unknown tags are skipped. @throws FieldError naming the field
   */
  decode(bytes: Uint8Array): T
  /** Appends the fields of `value`, for lists inside lists. */
  writeTo(writer: FieldWriter, value: T): void
}

interface Slot {
  readonly name: string
  readonly field: Field<unknown, Presence>
}

/** Names the fields of one message: `fieldList({ path: field.path(1), mode: field.unsigned(2) })`. */
export function fieldList<const D extends Fields>(definition: D): FieldList<FieldValues<D>> {
  const slots: Slot[] = Object.entries(definition).map(([name, one]) => ({ name, field: one as Field<unknown, Presence> }))
  const byTag: (Slot | undefined)[] = []
  for (const slot of slots) {
    if (byTag[slot.field.tag] !== undefined) throw new FieldError(`tag ${slot.field.tag} is given to two fields`)
    byTag[slot.field.tag] = slot
  }

  const writeTo = (writer: FieldWriter, value: FieldValues<D>) => {
    for (const slot of slots) writeSlot(writer, slot, (value as Record<string, unknown>)[slot.name])
  }
  return {
    writeTo,
    encode(value, reserveBytes = 0) {
      const writer = new FieldWriter(reserveBytes)
      writeTo(writer, value)
      return writer.finish()
    },
    decode: (bytes) => decode(slots, byTag, asBuffer(bytes)) as FieldValues<D>,
  }
}

function writeSlot(writer: FieldWriter, slot: Slot, value: unknown): void {
  try {
    if (slot.field.presence === 'repeated') for (const item of value as readonly unknown[]) slot.field.write(writer, item)
    else if (value !== undefined) slot.field.write(writer, value)
    else if (slot.field.presence === 'one') throw new FieldError('is missing')
  } catch (error) {
    throw named(slot, error)
  }
}

function decode(slots: readonly Slot[], byTag: readonly (Slot | undefined)[], bytes: Buffer): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  for (const slot of slots) if (slot.field.presence === 'repeated') value[slot.name] = []
  let at = 0
  while (at < bytes.length) {
    const start = at + fieldHeaderBytes
    if (start > bytes.length) throw new FieldError(`${bytes.length - at} bytes behind the last field`)
    const end = start + bytes.readUInt32BE(at + 1)
    if (end > bytes.length) throw new FieldError(`field ${bytes[at]} is cut off`)
    const slot = byTag[bytes[at] as number]
    if (slot !== undefined) take(value, slot, bytes.subarray(start, end))
    at = end
  }
  for (const { name, field } of slots) {
    if (field.presence === 'one' && value[name] === undefined) throw new FieldError(`${name} (field ${field.tag}) is missing`)
  }
  return value
}

function take(value: Record<string, unknown>, slot: Slot, content: Buffer): void {
  try {
    const read = slot.field.read(content)
    if (slot.field.presence === 'repeated') (value[slot.name] as unknown[]).push(read)
    else if (value[slot.name] === undefined) value[slot.name] = read
    else throw new FieldError('comes twice')
  } catch (error) {
    throw named(slot, error)
  }
}

function named(slot: Slot, error: unknown): unknown {
  if (!(error instanceof FieldError)) return error
  return new FieldError(`${slot.name} (field ${slot.field.tag}) ${error.message}`)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
