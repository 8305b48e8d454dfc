import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { consoleGrowth } from './console-growth.ts'

const grown = (before: string, now: string) => Buffer.from(consoleGrowth(Buffer.from(before), Buffer.from(now))).toString()

it.each([
  ['', 'one\n', 'one\n'],
  ['one\n', 'one\n', ''],
  ['one\n', 'one\ntwo\n', 'two\n'],
  ['one\ntwo\n', 'two\nthree\n', 'three\n'],
  ['one\n', 'other', 'other'],
  ['one', '', ''],
])('after %j and now %j, %j is new', (before, now, news) => {
  expect(grown(before, now)).toBe(news)
})

it('puts a log together again from windows on it', async () => {
  const lines = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.property(lines, fc.integer({ min: 100, max: 200 }), (parts, window) => {
      let log = ''
      let seen = ''
      let tail = Buffer.alloc(0)
      for (const [number, part] of parts.entries()) {
        log += `${number}:${part}\n`
        const now = Buffer.from(log).subarray(-window)
        seen += Buffer.from(consoleGrowth(tail, now)).toString('latin1')
        tail = Buffer.from(now)
      }
      return seen === Buffer.from(log).toString('latin1')
    }),
  )
})
