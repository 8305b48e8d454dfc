import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { readLines } from './lines.ts'

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array, void, undefined> {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (const [index, start] of places.slice(0, -1).entries()) yield bytes.subarray(start, places[index + 1])
}

it('finds the same lines wherever the stream is cut, also inside a character', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''))),
      fc.array(fc.nat(), { maxLength: 10 }),
      async (lines, cuts) => {
        const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''))
        expect(await Array.fromAsync(readLines(pieces(bytes, cuts)))).toEqual(lines)
      },
    ),
    { numRuns: 200 },
  )
})

it('yields a last line without an end, and takes CRLF as an end', async () => {
  const bytes = new TextEncoder().encode('a\r\nb')
  expect(await Array.fromAsync(readLines(pieces(bytes, [])))).toEqual(['a', 'b'])
})

it('refuses a line that does not end', async () => {
  const endless = (async function* () {
    for (;;) yield new Uint8Array(1024 * 1024).fill(97)
  })()
  await expect(Array.fromAsync(readLines(endless))).rejects.toThrow('does not end')
})
