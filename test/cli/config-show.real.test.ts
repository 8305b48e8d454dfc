import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CliBed } from './support/cli-bed.ts'

let bed: CliBed
beforeAll(() => {
  bed = CliBed.real()
  writeFileSync(join(bed.home, 'hearth.yaml'), 'drivers: [memory]\n')
})
afterAll(() => bed.stop())

it('shows every setting with its origin, and starts no server', async () => {
  const settings = await bed.json('config', 'show')
  const some = [
    { name: 'home', value: bed.home, origin: 'environment HEARTH_HOME' },
    { name: 'log', value: expect.any(String), origin: expect.any(String) },
    { name: 'listen', value: null, origin: 'default' },
    { name: 'drivers', value: 'memory', origin: `file ${join(bed.home, 'hearth.yaml')}` },
    { name: 'accel', value: 'auto', origin: 'default' },
    { name: 'assets', value: expect.stringMatching(/\/build$/), origin: 'default' },
    { name: 'otlpEndpoint', value: null, origin: 'default' },
  ]
  expect(settings).toEqual(expect.arrayContaining(some))
  const { stdout } = await bed.hearth(['config', 'show'], { env: { HEARTH_LISTEN: '[::1]:80', HEARTH_LOG: 'error' } })
  expect(stdout).toMatch(/^SETTING +VALUE +ORIGIN\n/)
  expect(stdout).toMatch(/^listen +\[::1\]:80 +environment HEARTH_LISTEN$/m)
  expect(stdout).toMatch(/^log +error +environment HEARTH_LOG$/m)
  expect(existsSync(join(bed.home, 'hearth.sock'))).toBe(false)
})

it('takes the home of the flag, leaves nothing there, and resolves a relative one', async () => {
  const { stdout } = await bed.hearth(['config', 'show', '--home', join(bed.home, 'none')])
  expect(homeLine(stdout)).toEqual(['home', join(bed.home, 'none'), 'flag --home'])
  expect(existsSync(join(bed.home, 'none'))).toBe(false)
  const relative = await bed.hearth(['config', 'show'], { cwd: bed.home, env: { HEARTH_HOME: 'near' } })
  expect(homeLine(relative.stdout)).toEqual(['home', join(bed.home, 'near'), 'environment HEARTH_HOME'])
  expect(existsSync(join(bed.home, 'near'))).toBe(false)
})

it('names a wrong value and what is allowed', async () => {
  const { code, stdout, stderr } = await bed.hearth(['config', 'show'], { env: { HEARTH_ACCEL: 'gpu' } })
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('HEARTH_ACCEL: "gpu" is not allowed; one of "auto", "kvm", "tcg"')
})

/** The columns are as wide as their longest value, whatever the folder of the project is called. */
function homeLine(table: string): string[] | undefined {
  const line = table.split('\n').find((row) => row.startsWith('home'))
  return line?.trim().split(/ {2,}/)
}
