import { defaultNamespace, type Name } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { checkLaunch, hostnameOf } from './check-launch.ts'
import type { LaunchRequest } from './launch-request.ts'

describe('a launch request', () => {
  it('is restored or cold from a template, and restored from a snapshot, unless it says otherwise', () => {
    expect(checkLaunch(defaultNamespace, { template: 'base@2' })).toMatchObject({
      boot: 'auto',
      origin: { kind: 'template', name: 'base', version: 2 },
    })
    expect(checkLaunch(defaultNamespace, { snapshot: 's-aaaaaaaaaaaaaaaa' })).toMatchObject({ boot: 'restored' })
    expect(checkLaunch(defaultNamespace, { snapshot: 's-aaaaaaaaaaaaaaaa', boot: 'auto' })).toMatchObject({ boot: 'auto' })
  })

  it.each<[string, LaunchRequest]>([
    ['nothing to launch from', {}],
    ['two things to launch from', { template: 'base', snapshot: 's-aaaaaaaaaaaaaaaa' }],
    ['a path for a template', { template: '../etc' }],
    ['a version that is no number', { template: 'base@latest' }],
    ['version 0', { template: 'base@0' }],
    ['two versions', { template: 'base@1@2' }],
    ['a template name of 300 characters', { template: 'x'.repeat(300) }],
    ['a template name with a letter that looks like another', { template: 'bаse' }],
    ['a snapshot id with a path in it', { snapshot: 's-../../etc/passwd' }],
    ['an unknown way of booting', { template: 'base', boot: 'lukewarm' as never }],
    ['resources for a restore', { template: 'base', boot: 'restored', resources: { vcpus: 2 } }],
    ['a name with a slash', { template: 'base', name: 'a/b' }],
    ['a name of 64 characters', { template: 'base', name: 'x'.repeat(64) }],
    ['a name of dots', { template: 'base', name: 'a..b' }],
    ['an unknown egress', { template: 'base', egress: 'all' as never }],
    ['a secret that is a variable too', { template: 'base', env: { A: '1' }, secrets: { A: '2' } }],
  ])('is refused with %s', (_what, request) => {
    expect(() => checkLaunch(defaultNamespace, request)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  })

  it('never shows a secret in an error', () => {
    expect(() => checkLaunch(defaultNamespace, { template: 'base', secrets: { A: 'hush\0' } })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hush') }),
    )
  })
})

it('turns a name into a host name', () => {
  expect(hostnameOf('my.web_1' as Name, 'm-1')).toBe('my-web-1')
  expect(hostnameOf(undefined, 'm-1')).toBe('m-1')
})
