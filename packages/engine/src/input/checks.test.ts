import { limits } from '@hearth/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkArgv,
  checkEnv,
  checkFiles,
  checkGuestPath,
  checkHostname,
  checkLabels,
  checkResources,
  defaultResources,
} from './checks.ts'

const refused = { code: 'invalid_input' }
const file = (path: string, bytes = 1, mode = 0o644) => ({ path, content: new Uint8Array(bytes), mode })

describe('variables', () => {
  it.each<Record<string, string>>([
    { '1A': '' },
    { 'A B': '' },
    { '': '' },
    { 'A=B': '' },
    { Ä: '' },
    { A: 'x\0y' },
    { A: 1 as unknown as string },
  ])('refuses %j', (env) => {
    expect(() => checkEnv(env, 'env')).toThrow(expect.objectContaining(refused))
  })

  it('counts variables and bytes up to their bounds', () => {
    const many = Object.fromEntries(Array.from({ length: limits.envEntries }, (_, n) => [`V${n}`, '']))
    expect(checkEnv(many, 'env')).toEqual(many)
    expect(() => checkEnv({ ...many, MORE: '' }, 'env')).toThrow(/at most 512/)
    const exactly = { A: 'x'.repeat(limits.envBytes - 3) }
    expect(checkEnv(exactly, 'env')).toEqual(exactly)
    expect(() => checkEnv({ A: `${exactly.A}x` }, 'env')).toThrow(/at most 49152 bytes/)
    expect(() => checkEnv({ A: 'ü'.repeat(limits.envBytes / 2) }, 'env')).toThrow(expect.objectContaining(refused))
  })

  it('names the field and the allowed in the error', () => {
    expect(() => checkEnv({ '1A': '' }, 'secrets')).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/^secrets: "1A" is not allowed; /),
        details: expect.objectContaining({ field: 'secrets' }),
      }),
    )
  })
})

describe('host names', () => {
  it.each(['a', 'A-1', '1', 'a.b.c', 'x'.repeat(63)])('takes %s', (name) => {
    expect(checkHostname(name)).toBe(name)
  })

  it.each(['', '-a', 'a-', 'a..b', '.a', 'a.', 'a_b', 'a b', 'ä', 'x'.repeat(64), 'a\n', '../a'])('refuses %j', (name) => {
    expect(() => checkHostname(name)).toThrow(expect.objectContaining(refused))
  })
})

describe('paths of the guest', () => {
  it('never lets through what is relative, climbs, or holds a NUL', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '..', '.', '', 'b\0', '/', 'ü')), fc.boolean(), (parts, absolute) => {
        const path = `${absolute ? '/' : ''}${parts.join('/')}`
        try {
          checkGuestPath(path, 'path')
        } catch {
          return
        }
        expect(path.startsWith('/')).toBe(true)
        expect(path).not.toContain('\0')
        expect(path.split('/')).not.toContain('..')
      }),
    )
  })

  it('has an end', () => {
    expect(() => checkGuestPath(`/${'x'.repeat(4096)}`, 'path')).toThrow(expect.objectContaining(refused))
  })
})

describe('files', () => {
  it('bounds their number and their bytes together', () => {
    const half = limits.injectedFileBytes / 2
    expect(checkFiles([file('/a', half), file('/b', half)])).toHaveLength(2)
    expect(() => checkFiles([file('/a', half), file('/b', half + 1)])).toThrow(/at most 131072 bytes in all/)
    expect(() => checkFiles(Array.from({ length: limits.injectedFiles + 1 }, (_, n) => file(`/${n}`)))).toThrow(/at most 64/)
  })

  it.each([-1, 0o10000, 1.5, Number.NaN])('refuses the mode %s', (mode) => {
    expect(() => checkFiles([file('/a', 1, mode)])).toThrow(/files\[0\]\.mode/)
  })
})

describe('labels, programs and resources', () => {
  it('refuses labels that are too many, too long or oddly named', () => {
    expect(checkLabels({ 'a/b.c-d': 'x'.repeat(limits.labelBytes) })).toBeTruthy()
    expect(() => checkLabels({ a: 'x'.repeat(limits.labelBytes + 1) })).toThrow(/labels\.a/)
    expect(() => checkLabels({ '-a': '' })).toThrow(expect.objectContaining(refused))
    expect(() => checkLabels(Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`k${n}`, ''])))).toThrow(/at most 64/)
  })

  it('refuses programs without a name, with a NUL, or too long', () => {
    for (const argv of [[], [''], ['a', 'b\0'], ['x'.repeat(limits.argvBytes)]]) {
      expect(() => checkArgv(argv, 'start')).toThrow(expect.objectContaining(refused))
    }
  })

  it('fills in resources and refuses what is out of range', () => {
    expect(checkResources({ memoryMiB: 512 }, defaultResources)).toEqual({ ...defaultResources, memoryMiB: 512 })
    for (const asked of [
      { vcpus: 0 },
      { vcpus: 33 },
      { memoryMiB: 127 },
      { memoryMiB: 128.5 },
      { diskMiB: -1 },
      { vcpus: Number.NaN },
    ]) {
      expect(() => checkResources(asked, defaultResources)).toThrow(/a whole number from/)
    }
  })
})
