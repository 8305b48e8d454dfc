import { invalidInput } from './errors.ts'

declare const brand: unique symbol
type Branded<B extends string> = string & { readonly [brand]: B }

/** `m-` and 16 of a–z, 0–9. Names everything of a machine on the host. */
export type MachineId = Branded<'MachineId'>
/** `s-` and 16 of a–z, 0–9. */
export type SnapshotId = Branded<'SnapshotId'>
/** A template and its version, `name@3`. */
export type TemplateRef = Branded<'TemplateRef'>
/** What a user calls a template or a machine. */
export type Name = Branded<'Name'>

const idPattern = { m: /^m-[a-z0-9]{16}$/, s: /^s-[a-z0-9]{16}$/ }
const namePattern = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'

export const nameRule = '1 to 63 of a-z, 0-9, ".", "_", "-", beginning and ending with a letter or digit'

/** @throws HearthError `invalid_input` */
export function parseMachineId(text: string, field = 'machine'): MachineId {
  if (!idPattern.m.test(text)) throw invalidInput(field, text, 'a machine id is "m-" and 16 of a-z, 0-9')
  return text as MachineId
}

/** @throws HearthError `invalid_input` */
export function parseSnapshotId(text: string, field = 'snapshot'): SnapshotId {
  if (!idPattern.s.test(text)) throw invalidInput(field, text, 'a snapshot id is "s-" and 16 of a-z, 0-9')
  return text as SnapshotId
}

/** Whether `text` has the form of a machine id (else it may be a machine's name). */
export function looksLikeMachineId(text: string): boolean {
  return idPattern.m.test(text)
}

/** A name as users give it; `..` is refused so that no name is ever a path part. @throws HearthError `invalid_input` */
export function parseName(text: string, field = 'name'): Name {
  if (!namePattern.test(text) || text.includes('..')) throw invalidInput(field, text, `allowed: ${nameRule}, no ".."`)
  return text as Name
}

/** `name` or `name@version`; the version is a whole number from 1. @throws HearthError `invalid_input` */
export function parseTemplateRef(text: string, field = 'template'): { name: Name; version?: number } {
  const [name = '', version, ...rest] = text.split('@')
  if (rest.length > 0) throw invalidInput(field, text, 'write NAME or NAME@VERSION')
  if (version === undefined) return { name: parseName(name, field) }
  if (!/^[1-9][0-9]{0,8}$/.test(version)) throw invalidInput(field, text, 'the version is a whole number from 1')
  return { name: parseName(name, field), version: Number(version) }
}

/** The full reference of one template version. */
export function templateRef(name: Name, version: number): TemplateRef {
  return `${name}@${version}` as TemplateRef
}

/** Bytes of good randomness; an argument so that tests can repeat a run. */
export type RandomBytes = (size: number) => Uint8Array

/** A fresh machine id. */
export function newMachineId(random: RandomBytes): MachineId {
  return `m-${letters(random)}` as MachineId
}

/** A fresh snapshot id. */
export function newSnapshotId(random: RandomBytes): SnapshotId {
  return `s-${letters(random)}` as SnapshotId
}

/** 16 of a–z, 0–9: 82 bits. */
export function letters(random: RandomBytes): string {
  let text = ''
  while (text.length < 16) {
    for (const byte of random(24)) {
      // 252 is the largest multiple of 36 in a byte: beyond it some letters would come more often.
      if (byte < 252 && text.length < 16) text += alphabet[byte % 36]
    }
  }
  return text
}
