import { expect, it } from 'vitest'
import { embeddedPool } from '../../examples/embedded-pool.ts'

it("keeps machines ready in a program of one's own, with a driver and a validator of its own", async () => {
  const said: string[] = []
  const seen = await embeddedPool((line) => said.push(line))
  expect(seen.claimed.map((each) => each.method)).toEqual(['warm', 'warm'])
  expect(new Set(seen.claimed.map((each) => each.machine)).size).toBe(2)
  expect(seen.hits).toBe(2)
  // One proved the template's snapshot, the others became the pool.
  expect(seen.restores).toBeGreaterThanOrEqual(4)
  expect(said[0]).toBe('0 of 3 machines are ready')
  expect(said.at(-1)).toMatch(/^grace has m-[a-z0-9]{16}: warm, [0-9.]+ ms$/)
})
