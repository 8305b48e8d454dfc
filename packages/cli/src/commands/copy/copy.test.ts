import { describe, expect, it } from 'vitest'
import { inParallel } from './in-parallel.ts'
import { relativeBelow } from './relative-below.ts'

describe('names that a machine lists', () => {
  it.each([
    ['/a', '/a/b/c', 'b/c'],
    ['/', '/b', 'b'],
    ['/a', '/a/..b', '..b'],
  ])('below %s, %s is %s', (root, path, below) => {
    expect(relativeBelow(root, path)).toBe(below)
  })

  it.each(['/a/../../etc/passwd', '/a/..', '/a/./b', '/a//b', '/ab/c', '/a', '/etc/passwd', 'b', '', '/a/b\0c'])(
    'below /a, %j is refused',
    (path) => {
      expect(() => relativeBelow('/a', path)).toThrow('not below it')
    },
  )
})

describe('work in parallel', () => {
  const never = new AbortController().signal

  it('never does more at once than it may', async () => {
    let running = 0
    let most = 0
    await inParallel(3, [1, 2, 3, 4, 5, 6, 7], never, async () => {
      running += 1
      most = Math.max(most, running)
      await Promise.resolve()
      running -= 1
    })
    expect(most).toBe(3)
  })

  it('begins nothing new after a failure, and waits for what runs', async () => {
    const begun: number[] = []
    let ended = 0
    const work = inParallel(2, [1, 2, 3, 4], never, async (item) => {
      begun.push(item)
      if (item === 1) throw new Error('first')
      await Promise.resolve()
      ended += 1
    })
    await expect(work).rejects.toThrow('first')
    expect([begun, ended]).toEqual([[1, 2], 1])
  })

  it('stops at the signal', async () => {
    await expect(inParallel(2, [1], AbortSignal.abort(new Error('enough')), async () => undefined)).rejects.toThrow('enough')
  })
})
