import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { reference } from './testing/reference.ts'

const page = new URL('../../../docs/reference/cli.md', import.meta.url)

it('is the page docs/reference/cli.md; UPDATE_REFERENCE=1 writes it anew', () => {
  if (process.env.UPDATE_REFERENCE) writeFileSync(page, reference())
  expect(readFileSync(page, 'utf8')).toBe(reference())
})
