import { HearthError } from '@hearth/model'
import { expect, it } from 'vitest'
import { gaveWay, isCutOff, unavailable, wordsOf } from './lost.ts'

const coded = (code: string, message = 'no') => Object.assign(new Error(message), { code })

it.each([
  '08006',
  '57P01',
  '57P03',
  '53300',
  '53100',
  '57014',
  '25006',
  '3D000',
  '28P01',
  '58030',
  'ECONNREFUSED',
  'ENOENT',
  'EPIPE',
])('takes %s for a server that does not answer now', (code) => {
  expect(unavailable(coded(code))).toMatchObject({ code: 'store_unavailable', cause: { code } })
})

it.each(['Connection terminated unexpectedly', 'timeout exceeded when trying to connect', 'Query read timeout'])(
  'takes "%s", which has no code, for one too',
  (message) => {
    expect(unavailable(new Error(message))).toMatchObject({ code: 'store_unavailable' })
  },
)

it.each(['23505', '42601', '22021', '42P01'])('leaves %s, a fault of ours, as it is', (code) => {
  const error = coded(code, 'timeout is a word in it')
  expect(unavailable(error)).toBe(error)
})

it('leaves our own errors and foreign things as they are', () => {
  const own = new HearthError('store_conflict', 'connection terminated')
  expect(unavailable(own)).toBe(own)
  expect(unavailable('text')).toBe('text')
})

it('knows which errors end a connection, and which only a commit', () => {
  expect([coded('57P01'), coded('08003'), coded('ECONNRESET'), new Error('Connection terminated')].map(isCutOff)).toEqual(
    Array(4).fill(true),
  )
  expect([coded('40P01'), coded('23505'), coded('57014')].map(isCutOff)).toEqual(Array(3).fill(false))
  expect([coded('40P01'), coded('40001'), coded('57P01')].map(gaveWay)).toEqual([true, true, false])
})

it('reads the words of several failed addresses', () => {
  expect(wordsOf(new AggregateError([new Error('::1 no'), new Error('127.0.0.1 no')]))).toBe('::1 no; 127.0.0.1 no')
})
