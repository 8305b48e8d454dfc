import { expect, it } from 'vitest'
import { loadConfig } from './load-config.ts'
import { settings } from './settings.ts'
import { shownSettings } from './shown-settings.ts'

const shown = async (argv: string[], env: Record<string, string> = {}) =>
  shownSettings(await loadConfig({ argv, env, isRoot: false, userHome: '/nonexistent', assets: '/opt/build' }))

it('shows every setting with its origin', async () => {
  const all = await shown([], { HEARTH_ACCEL: 'tcg' })
  expect(all.map(({ name }) => name)).toEqual(Object.keys(settings))
  expect(all).toEqual(
    expect.arrayContaining([
      { name: 'home', value: '/nonexistent/.hearth', origin: 'default' },
      { name: 'listen', value: null, origin: 'default' },
      { name: 'accel', value: 'tcg', origin: 'environment HEARTH_ACCEL' },
    ]),
  )
})

it.each([
  ['listen', '127.0.0.1:80'],
  ['listen', '[::1]:4747'],
  ['drivers', 'qemu,memory'],
])('shows %s as it was given: %s', async (name, value) => {
  expect(await shown([`--${name}`, value])).toContainEqual({ name, value, origin: `flag --${name}` })
})
