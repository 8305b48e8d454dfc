import { expect, it } from 'vitest'
import { parseValidator } from './pool-validator.ts'

it.each([
  ['guest', { kind: 'guest' }],
  ['port:80', { kind: 'port', port: 80 }],
  ['http:80/healthz', { kind: 'http', port: 80, path: '/healthz' }],
  ['http:8080/=204', { kind: 'http', port: 8080, path: '/', status: 204 }],
  ['command:pg_isready -q', { kind: 'command', argv: ['pg_isready', '-q'] }],
  ['command:["sh","-c","a b"]', { kind: 'command', argv: ['sh', '-c', 'a b'] }],
  ['custom:ours', { kind: 'custom', name: 'ours' }],
])('reads %s', (text, validator) => {
  expect(parseValidator(text)).toEqual([validator])
})

it('collects those of several options', () => {
  expect(parseValidator('port:81', parseValidator('guest'))).toEqual([{ kind: 'guest' }, { kind: 'port', port: 81 }])
})

it.each([
  '',
  'guest:1',
  'port',
  'port:0',
  'port:65536',
  'port:8o',
  'http:80',
  'http:80healthz',
  'http:80/a=9',
  'command:',
  'command:[1]',
  'command:["a"',
  'command:[]',
  'tcp:80',
  'custom:',
])('refuses %j as wrong usage', (text) => {
  expect(() => parseValidator(text)).toThrow(expect.objectContaining({ exitCode: 2 }))
})
