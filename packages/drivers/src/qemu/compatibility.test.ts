import type { Compatibility } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { compatibilityOf, cpuArgument, requireCompatible } from './compatibility.ts'
import type { HostFacts } from './host-facts.ts'

const facts: HostFacts = {
  key: 'k',
  vmmVersion: '7.2.22',
  accelerator: 'tcg',
  acceleratorNote: '',
  machineTypes: ['pc-i440fx-7.1', 'pc-i440fx-7.2'],
  machineType: 'pc-i440fx-7.2',
  cpuModel: 'max',
  cpuFeatures: ['aes', 'avx', 'sse2'],
}
const made: Compatibility = { ...compatibilityOf(facts, '6.1.0'), guestProtocol: 1 }

describe('compatibility', () => {
  it('accepts what was made here', () => {
    expect(() => requireCompatible(made, facts)).not.toThrow()
  })

  it('accepts a newer QEMU that lists the machine type, without its extra features', () => {
    const newer = { ...facts, vmmVersion: '10.0.1', cpuFeatures: ['aes', 'avx', 'avx512', 'sse2'] }
    expect(() => requireCompatible(made, newer)).not.toThrow()
    expect(cpuArgument(newer, made.cpuFeatures)).toBe('max,erms=off,avx512=off')
  })

  it.each([
    ['an older QEMU', { vmmVersion: '7.1.9' }, /QEMU 7\.2\.22.*7\.1\.9/],
    ['a QEMU without the machine type', { machineTypes: ['pc-i440fx-9.0'] }, /machine type pc-i440fx-7\.2/],
    ['a processor that lacks a feature', { cpuFeatures: ['aes', 'sse2'] }, /processor features avx/],
    ['another acceleration', { accelerator: 'kvm' as const }, /acceleration tcg/],
    ['another processor model', { cpuModel: 'host' }, /processor model max/],
  ])('refuses %s, naming it', (_, difference, message) => {
    expect(() => requireCompatible(made, { ...facts, ...difference })).toThrow(
      expect.objectContaining({ code: 'driver_incompatible', message: expect.stringMatching(message) }),
    )
  })

  it('refuses another hardware profile', () => {
    expect(() => requireCompatible({ ...made, hardwareProfile: 'pc-9' }, facts)).toThrow(/hardware profile pc-9/)
  })
})
