import { hash } from 'node:crypto'
import type { RandomBytes } from '@hearth/model'

/** How a key begins. Clients of E2B insist on `e2b_`. */
export const keyFormats = ['hearth', 'e2b'] as const
export type KeyFormat = (typeof keyFormats)[number]

const secretBytes = 20
const shape = /^(?:hearth|e2b)_[0-9a-f]{40}$/
/** Of the 40 digits, what is kept to recognise a key by: the other 32 are still 128 bits. */
const shownDigits = 8

/** A fresh key: 160 bits that nobody guesses. */
export function newKeySecret(format: KeyFormat, random: RandomBytes): string {
  return `${format}_${Buffer.from(random(secretBytes)).toString('hex')}`
}

/** Whether `text` has the form of a key at all: what has not need not be looked for. */
export function looksLikeKey(text: string): boolean {
  return shape.test(text)
}

/** SHA-256, hex. A key is random, so that no slow hash is needed: there is no dictionary of keys. */
export function hashOfKey(secret: string): string {
  return hash('sha256', secret, 'hex')
}

/** What may be shown of a key. */
export function prefixOfKey(secret: string): string {
  return secret.slice(0, secret.indexOf('_') + 1 + shownDigits)
}
