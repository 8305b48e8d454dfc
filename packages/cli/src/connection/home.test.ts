import { expect, it } from 'vitest'
import { chooseHome, socketPathOf } from './home.ts'

it('prefers the flag, then the environment', () => {
  expect(chooseHome('/a', { HEARTH_HOME: '/b' })).toBe('/a')
  expect(chooseHome(undefined, { HEARTH_HOME: '/b/../c' })).toBe('/c')
  expect(chooseHome(undefined, { HEARTH_HOME: '' })).toBe(chooseHome(undefined, {}))
})

it('refuses a home whose socket could not be named', () => {
  expect(() => socketPathOf(`/${'x'.repeat(100)}`)).toThrow('longer than 107 bytes')
})
