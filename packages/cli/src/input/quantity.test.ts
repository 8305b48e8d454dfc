import { describe, expect, it } from 'vitest'
import { parseBytes, parseDurationMs, parseMebibytes, parseShare, parseWholeNumber } from './quantity.ts'

describe('sizes', () => {
  it.each([
    ['512MiB', 512],
    ['2GiB', 2048],
    ['1024KiB', 1],
  ])('reads %s as %i MiB', (text, mebibytes) => {
    expect(parseMebibytes(text)).toBe(mebibytes)
  })

  it.each([
    '',
    '512',
    '512mb',
    '512 MiB',
    '-1MiB',
    '1.5GiB',
    '0MiB',
    '1KiB',
    'MiB',
    '01MiB',
    '9999999999999999GiB',
    '1__proto__',
  ])('refuses "%s"', (text) => {
    expect(() => parseMebibytes(text)).toThrow(expect.objectContaining({ exitCode: 2 }))
  })

  it('counts bytes where bytes are asked for', () => {
    expect(parseBytes('64KiB')).toBe(65_536)
  })
})

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('reads %s as %i ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms)
  })

  it.each(['2h30', '2h30m', '90', 's', '1.5h', '2H', '1 h', '0s'])('refuses "%s" and says how to write it', (text) => {
    expect(() => parseDurationMs(text)).toThrow(
      expect.objectContaining({ message: `"${text}" is not a duration`, hint: expect.stringContaining('15m') }),
    )
  })
})

it.each(['', '0', '51', '+1', '1e1', '0x5', ' 5', '5.0'])('refuses "%s" as a number from 1 to 50', (text) => {
  expect(() => parseWholeNumber(text, 1, 50)).toThrow('from 1 to 50')
})

it('reads shares', () => {
  expect([parseShare('0.99'), parseShare('.5')]).toEqual([0.99, 0.5])
})

it.each(['0', '1', '0.0', '1.5', '99%', '-0.5', '0.', 'x', '1e-3'])('refuses "%s" as a share', (text) => {
  expect(() => parseShare(text)).toThrow(expect.objectContaining({ exitCode: 2 }))
})
