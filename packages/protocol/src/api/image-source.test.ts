import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatImageSource, parseImageSource } from './image-source.ts'

describe('image sources', () => {
  it.each([
    ['builtin:base', { kind: 'builtin', name: 'base' }],
    ['debian:bookworm', { kind: 'debian', suite: 'bookworm', include: [] }],
    [
      'debian:bookworm?include=python3-minimal,g++,curl,curl',
      { kind: 'debian', suite: 'bookworm', include: ['curl', 'g++', 'python3-minimal'] },
    ],
    ['tar:/srv/root fs.tar', { kind: 'tar', path: '/srv/root fs.tar' }],
    ['dir:/srv/a:b', { kind: 'dir', path: '/srv/a:b' }],
  ])('reads %s', (text, source) => {
    expect(parseImageSource(text)).toEqual(source)
    expect(parseImageSource(formatImageSource(parseImageSource(text)))).toEqual(source)
  })

  it.each([
    '',
    'base',
    'builtin:',
    'builtin:other',
    'debian:',
    'debian:Book worm',
    'debian:--help',
    'debian:bookworm?include=',
    'debian:bookworm?include=a,$(reboot)',
    'debian:bookworm?include=--foo',
    'debian:bookworm?mirror=x',
    'tar:relative',
    'tar:/a/../../etc/shadow',
    'dir:/a\0b',
    'docker:alpine',
  ])('refuses %j, naming field and value', (text) => {
    expect(() => parseImageSource(text)).toThrow(
      expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining('source: ') }),
    )
  })

  it('never gives a path that climbs, whatever is asked', async () => {
    await fc.assert(
      fc.property(fc.string(), (rest) => {
        try {
          const source = parseImageSource(`dir:${rest}`)
          return source.kind === 'dir' && source.path.startsWith('/') && !source.path.split('/').includes('..')
        } catch {
          return true
        }
      }),
    )
  })
})
