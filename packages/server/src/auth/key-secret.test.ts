import { createHash, randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { hashOfKey, keyFormats, looksLikeKey, newKeySecret, prefixOfKey } from './key-secret.ts'

it.each(keyFormats)('a key %s_… is 160 random bits, and shows 32 of them', (format) => {
  const bytes = randomBytes(20)
  const secret = newKeySecret(format, () => bytes)
  expect(secret).toBe(`${format}_${bytes.toString('hex')}`)
  expect(looksLikeKey(secret)).toBe(true)
  expect(prefixOfKey(secret)).toBe(`${format}_${bytes.toString('hex').slice(0, 8)}`)
  expect(hashOfKey(secret)).toBe(createHash('sha256').update(secret).digest('hex'))
})

it.each([
  '',
  'hearth_',
  `hearth_${'a'.repeat(39)}`,
  `hearth_${'a'.repeat(41)}`,
  `hearth_${'A'.repeat(40)}`,
  `hearth_${'g'.repeat(40)}`,
  ` hearth_${'a'.repeat(40)}`,
  `hearth_${'a'.repeat(40)}\n`,
  `sk_${'a'.repeat(40)}`,
])('%j is no key', (text) => {
  expect(looksLikeKey(text)).toBe(false)
})
