import { describe, expect, it } from 'vitest'
import { parsePairs, parseVariables } from './pairs.ts'
import { parsePortPair } from './port-pair.ts'
import { parseTemplateSource } from './template-source.ts'
import { withoutDashes } from './without-dashes.ts'

describe('NAME=VALUE', () => {
  it('splits at the first "=", and keeps an empty value', () => {
    expect(parsePairs('--label', ['a=b=c', 'd='])).toEqual({ a: 'b=c', d: '' })
  })

  it('refuses a pair without a name, and says which option it was', () => {
    expect(() => parsePairs('--label', ['=x'])).toThrow('--label: "=x" is not NAME=VALUE')
  })

  it('takes the value of a variable that is only named, so that it stays out of the process list', () => {
    expect(parseVariables('--secret', ['TOKEN', 'B=2'], { TOKEN: 'x=y' })).toEqual({ TOKEN: 'x=y', B: '2' })
  })

  it('refuses a variable that is not set', () => {
    expect(() => parseVariables('--secret', ['TOKEN'], {})).toThrow('TOKEN is not set here')
  })
})

describe('LOCAL:REMOTE', () => {
  it.each([
    ['8080:80', { local: 8080, remote: 80 }],
    ['80', { local: 80, remote: 80 }],
    ['0:443', { local: 0, remote: 443 }],
  ])('reads %s', (text, pair) => {
    expect(parsePortPair(text)).toEqual(pair)
  })

  it.each(['', '0', ':80', '80:', '80:0', '65536:1', '1:65536', 'a:b', '1:2:3', '-1:80', '080:80'])('refuses "%s"', (text) => {
    expect(() => parsePortPair(text)).toThrow(expect.objectContaining({ exitCode: 2 }))
  })
})

describe('image sources', () => {
  it('makes local paths absolute, because the server works elsewhere', () => {
    expect(parseTemplateSource('tar:root.tar')).toBe(`tar:${process.cwd()}/root.tar`)
    expect(parseTemplateSource('dir:/srv/../srv/root')).toBe('dir:/srv/root')
  })

  it('leaves the others to the server', () => {
    expect(parseTemplateSource('debian:trixie?include=python3')).toBe('debian:trixie?include=python3')
  })

  it.each(['', 'docker:alpine', 'tar:', '/root.tar'])('refuses "%s" and says what there is', (text) => {
    expect(() => parseTemplateSource(text)).toThrow(expect.objectContaining({ hint: expect.stringContaining('builtin:base') }))
  })
})

it('takes off the first "--" only', () => {
  expect(withoutDashes(['--', 'a', '--'])).toEqual(['a', '--'])
  expect(withoutDashes(['a', '--'])).toEqual(['a', '--'])
})
