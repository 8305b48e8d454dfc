import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HearthError } from './errors.ts'
import { formatImageSource, parseImageSource } from './image-source.ts'

describe('parseImageSource', () => {
  it.each([
    ['builtin:base', { kind: 'builtin', name: 'base' }],
    ['debian:bookworm', { kind: 'debian', suite: 'bookworm', include: [] }],
    ['debian:trixie?include=g++,python3-minimal', { kind: 'debian', suite: 'trixie', include: ['g++', 'python3-minimal'] }],
    ['tar:/srv/image.tar.gz', { kind: 'tar', path: '/srv/image.tar.gz' }],
    ['dir:/srv/a: b?c', { kind: 'dir', path: '/srv/a: b?c' }],
  ])('reads %s and writes it back', (text, source) => {
    expect(parseImageSource(text)).toEqual(source)
    expect(formatImageSource(parseImageSource(text))).toBe(text)
  })

  it('sorts packages and drops repeats, so that the same wish has one digest', () => {
    expect(parseImageSource('debian:sid?include=zsh,bash,zsh')).toEqual({
      kind: 'debian',
      suite: 'sid',
      include: ['bash', 'zsh'],
    })
  })

  it.each([
    ['', 'builtin:base, debian:SUITE'],
    ['base', 'builtin:base, debian:SUITE'],
    ['docker:alpine', 'builtin:base, debian:SUITE'],
    ['builtin:', 'only built-in image'],
    ['builtin:alpine', 'only built-in image'],
    ['debian:', 'a suite is'],
    ['debian:Bookworm', 'a suite is'],
    ['debian:--help', 'a suite is'],
    ['debian:../etc', 'a suite is'],
    ['debian:bookworm;id', 'a suite is'],
    ['debian:bookworm?exclude=x', 'only include='],
    ['debian:bookworm?include=a1?include=b1', 'only include='],
    ['debian:bookworm?include=', 'a package is'],
    ['debian:bookworm?include=bash,', 'a package is'],
    ['debian:bookworm?include=bash-', 'a package is'],
    ['debian:bookworm?include=./evil.deb', 'a package is'],
    ['debian:bookworm?include=?essential', 'only include='],
    ['debian:bookworm?include=~nfoo', 'a package is'],
    ['debian:bookworm?include=-oDir=x', 'a package is'],
    ['tar:image.tar', 'absolute path'],
    ['tar:', 'absolute path'],
    ['tar:/a\u0000b', 'control characters'],
    ['tar:/a\nb', 'control characters'],
    [`tar:/${'a'.repeat(5000)}`, 'at most 4095'],
    ['dir:/', 'root of the host'],
    ['dir://', 'root of the host'],
    ['dir:/../.', 'root of the host'],
  ])('refuses %j and says what is allowed', (text, allowed) => {
    expect(() => parseImageSource(text)).toThrow(
      expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining(allowed) }),
    )
  })

  it('throws nothing but invalid_input, and what it takes it writes back the same', () => {
    const prefix = fc.constantFrom('', 'builtin:', 'debian:', 'debian:sid?include=', 'tar:/', 'dir:/')
    fc.assert(
      fc.property(prefix, fc.string({ unit: 'binary', maxLength: 60 }), (start, end) => {
        try {
          const source = parseImageSource(start + end)
          expect(parseImageSource(formatImageSource(source))).toEqual(source)
        } catch (error) {
          expect(error).toBeInstanceOf(HearthError)
        }
      }),
    )
  })
})
