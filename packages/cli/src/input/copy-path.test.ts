import { expect, it } from 'vitest'
import { parseCopyPath } from './copy-path.ts'

it.each([
  ['web:/etc/hosts', { kind: 'machine', machine: 'web', path: '/etc/hosts' }],
  ['m-0123456789abcdef:/a:b', { kind: 'machine', machine: 'm-0123456789abcdef', path: '/a:b' }],
  ['web:/', { kind: 'machine', machine: 'web', path: '/' }],
  ['web.1_x:/a', { kind: 'machine', machine: 'web.1_x', path: '/a' }],
  ['file.txt', { kind: 'local', path: 'file.txt' }],
  ['./web:/a', { kind: 'local', path: './web:/a' }],
  ['/tmp/a:b', { kind: 'local', path: '/tmp/a:b' }],
  ['../up', { kind: 'local', path: '../up' }],
  ['-', { kind: 'stream' }],
])('reads %s', (text, path) => {
  expect(parseCopyPath(text)).toEqual(path)
})

it.each(['', 'web:etc/hosts', 'web:', 'a\0b'])('refuses %j as wrong usage', (text) => {
  expect(() => parseCopyPath(text)).toThrow(expect.objectContaining({ exitCode: 2 }))
})
