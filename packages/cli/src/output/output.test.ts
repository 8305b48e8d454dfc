import { HearthApiError, type Problem } from '@hearth/sdk'
import { describe, expect, it } from 'vitest'
import { usageError } from '../cli-error.ts'
import { errorData, errorText, exitCodeOfError } from './report-error.ts'
import { facts, printable, table } from './table.ts'
import { age, duration, size } from './units.ts'

const problem: Problem = { type: 't', title: 't', status: 404, code: 'machine_not_found', detail: 'there is no machine "web"' }

describe('tables', () => {
  it('make columns as wide as their widest cell, without blanks at the end', () => {
    expect(
      table(
        ['ID', 'NAME'],
        [
          ['m-1', '-'],
          ['m-22', 'web'],
        ],
      ),
    ).toBe('ID    NAME\nm-1   -\nm-22  web')
  })

  it('leave out facts that are not known', () => {
    expect(
      facts([
        ['id', 'x'],
        ['name', undefined],
        ['pid', 7],
      ]),
    ).toBe('id:  x\npid: 7')
  })

  it('let nothing of a machine command the terminal', () => {
    const shown = printable('a\u001b]0;title\u0007b\u001b[31mred\u001b[0m\r\nc\u009b2J')
    expect([...shown].filter((letter) => letter < ' ' || (letter >= '\u007f' && letter <= '\u009f'))).toEqual([])
    expect(shown).toContain('red')
  })
})

describe('units', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1.5 * 1024 ** 2, '1.5 MiB'],
    [200 * 1024 ** 2, '200 MiB'],
    [5 * 1024 ** 4, '5.0 TiB'],
  ])('shows %d bytes as %s', (bytes, text) => {
    expect(size(bytes)).toBe(text)
  })

  it.each([
    [3.24, '3.2 ms'],
    [812.4, '812 ms'],
    [4130, '4.1 s'],
  ])('shows %d ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text)
  })

  it('shows an age in its largest unit, and none below zero', () => {
    const now = Date.parse('2026-01-02T00:00:00Z')
    expect(age('2026-01-01T00:00:00Z', now)).toBe('1d')
    expect(age('2026-01-01T23:57:30Z', now)).toBe('2m')
    expect(age('2026-01-02T00:00:09Z', now)).toBe('0s')
  })
})

describe('errors', () => {
  it('end with the next command to try', () => {
    expect(errorText(new HearthApiError(problem), 'hearth ls')).toBe(
      'error: there is no machine "web"\n  try: List machines with "hearth ls --all".',
    )
  })

  it('prefer the hint of the server', () => {
    expect(errorText(new HearthApiError({ ...problem, hint: 'Look there.' }), 'hearth ls')).toContain('try: Look there.')
  })

  it('carry code, hint and details as data', () => {
    expect(errorData(new HearthApiError({ ...problem, details: { a: 1 } }), 'hearth ls')).toEqual({
      error: { code: 'machine_not_found', message: problem.detail, hint: expect.any(String), details: { a: 1 } },
    })
  })

  it('show the last lines of what a machine said, made harmless', () => {
    const output = `${Array.from({ length: 30 }, (_, index) => `line ${index}`).join('\n')}\n\u001b[2Jlast\n`
    const text = errorText(
      new HearthApiError({ ...problem, code: 'ready_check_failed', details: { output, console: 'c' } }),
      'hearth ls',
    )
    expect(text).not.toContain('line 10\n')
    expect(text).toContain('    line 29\n    last')
    expect(text).not.toContain('\u001b')
  })

  it('have exit code 2 for wrong usage and 1 for everything else', () => {
    expect(exitCodeOfError(usageError('x'))).toBe(2)
    expect(exitCodeOfError(new HearthApiError(problem))).toBe(1)
    expect(exitCodeOfError(new TypeError('x'))).toBe(1)
  })
})
