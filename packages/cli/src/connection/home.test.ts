import { expect, it } from 'vitest'
import { chooseHome, socketPathOf } from './home.ts'

it('prefers the flag, then the environment, and says which it was', () => {
  expect(chooseHome('/a', { HEARTH_HOME: '/b' })).toEqual({ value: '/a', origin: 'flag' })
  expect(chooseHome(undefined, { HEARTH_HOME: '/b/../c' })).toEqual({ value: '/c', origin: 'environment' })
  expect(chooseHome(undefined, { HEARTH_HOME: '' }).origin).toBe('default')
})

it('refuses a home whose socket could not be named', () => {
  expect(() => socketPathOf(`/${'x'.repeat(100)}`)).toThrow('longer than 107 bytes')
})
