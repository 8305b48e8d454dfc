import { describe, expect, it } from 'vitest'
import { checkTemplate } from './check-template.ts'
import { contentDigest } from './content-digest.ts'
import type { TemplateRequest } from './engine-templates.ts'

const base: TemplateRequest = { name: 'base', source: { kind: 'builtin', name: 'base' } }

describe('a template request', () => {
  it('takes the defaults for what it does not say', () => {
    expect(checkTemplate(base)).toEqual({
      name: 'base',
      source: { kind: 'builtin', name: 'base' },
      resources: { vcpus: 1, memoryMiB: 256, diskMiB: 2048 },
      env: {},
      readyTimeoutMs: 120_000,
      egress: 'none',
    })
  })

  it('does not mind in which order packages are named, or how often', () => {
    const source = { kind: 'debian', suite: 'bookworm', include: ['python3', 'curl', 'python3'] } as const
    expect(checkTemplate({ ...base, source }).source).toMatchObject({ include: ['curl', 'python3'] })
  })

  it.each<[string, Partial<TemplateRequest>]>([
    ['a name with a path in it', { name: '../x' }],
    ['an unknown built-in image', { source: { kind: 'builtin', name: 'other' as never } }],
    ['an unknown kind of image', { source: { kind: 'oci', path: '/x' } as never }],
    ['a suite with a space', { source: { kind: 'debian', suite: 'book worm', include: [] } }],
    ['a package that is an option', { source: { kind: 'debian', suite: 'bookworm', include: ['--setup-hook=id'] } }],
    ['a package with a shell in it', { source: { kind: 'debian', suite: 'bookworm', include: ['a;id'] } }],
    ['an image by a relative path', { source: { kind: 'tar', path: 'image.tar' } }],
    ['an image by a path that climbs', { source: { kind: 'dir', path: '/srv/../etc' } }],
    ['too little memory', { resources: { memoryMiB: 64 } }],
    ['a start command of nothing', { start: [] }],
    ['port 0', { ready: { kind: 'port', port: 0 } }],
    ['port 65536', { ready: { kind: 'port', port: 65_536 } }],
    ['an unknown ready check', { ready: { kind: 'http', path: '/' } as never }],
    ['a log check without a start command', { ready: { kind: 'log', pattern: 'up' } }],
    ['an empty log pattern', { start: ['a'], ready: { kind: 'log', pattern: '' } }],
    ['a log pattern that does not parse', { start: ['a'], ready: { kind: 'log', pattern: '/(/' } }],
    ['a log pattern of two lines', { start: ['a'], ready: { kind: 'log', pattern: 'a\nb' } }],
    ['a ready timeout under a second', { readyTimeoutMs: 999 }],
    ['an unknown egress', { egress: 'all' as never }],
  ])('is refused with %s', (_what, change) => {
    expect(() => checkTemplate({ ...base, ...change })).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  })
})

describe('a content digest', () => {
  const spec = checkTemplate({ ...base, env: { A: '1', B: '2' } })

  it('does not depend on the name or the order of variables', () => {
    const renamed = checkTemplate({ ...base, name: 'other', env: { B: '2', A: '1' } })
    expect(contentDigest('qemu', 'digest', renamed)).toBe(contentDigest('qemu', 'digest', spec))
  })

  it('depends on the driver, the image and all else', () => {
    const digests = [
      contentDigest('qemu', 'digest', spec),
      contentDigest('other', 'digest', spec),
      contentDigest('qemu', 'other', spec),
      contentDigest('qemu', 'digest', { ...spec, env: { A: '1', B: '3' } }),
      contentDigest('qemu', 'digest', { ...spec, start: ['a'] }),
      contentDigest('qemu', 'digest', { ...spec, start: ['a', ''] }),
      contentDigest('qemu', 'digest', { ...spec, readyTimeoutMs: 5000 }),
    ]
    expect(new Set(digests).size).toBe(digests.length)
  })
})
