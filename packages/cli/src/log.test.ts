import { expect, it } from 'vitest'
import { parseLogLevel, textLog } from './log.ts'

it('writes events of its level and above, with their fields', () => {
  const lines: string[] = []
  const log = textLog('info', (line) => lines.push(line))
  log.debug('a.b')
  log.info('a.b', { home: '/x', text: 'two words' })
  log.error('a.c')
  expect(lines).toEqual(['info a.b home=/x text="two words"', 'error a.c'])
})

it('is quiet when told so', () => {
  textLog('silent', () => expect.unreachable()).error('x')
})

it('refuses a level that there is not, as wrong usage', () => {
  expect(() => parseLogLevel('loud')).toThrow(
    expect.objectContaining({ exitCode: 2, message: expect.stringContaining('HEARTH_LOG') }),
  )
})
