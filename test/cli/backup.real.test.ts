import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CliBed } from './support/cli-bed.ts'

interface Report {
  readonly rows: Readonly<Record<string, number>>
  readonly missing: readonly string[]
  readonly problems: readonly string[]
}

const scratch = mkdtempSync(join(tmpdir(), 'hb-'))
let bed: CliBed
beforeAll(async () => {
  bed = await CliBed.pretended()
  for (const words of [
    'template build base builtin:base',
    'namespace create team',
    'launch base --name web',
    'snapshot create web',
  ]) {
    expect(await bed.hearth(words.split(' '))).toMatchObject({ code: 0 })
  }
})
afterAll(async () => {
  await bed.stop()
  rmSync(scratch, { recursive: true })
})

it('saves the state of a server that goes on, and puts it into another home', async () => {
  const folder = join(scratch, 'first')
  const saved = await bed.json<Report>('backup', folder)
  expect(saved.problems).toEqual([])
  expect(saved.rows).toMatchObject({ namespaces: 2, templates: 1, machines: 1, snapshots: 2 })
  const list = JSON.parse(readFileSync(join(folder, 'backup.json'), 'utf8'))
  expect(list).toMatchObject({
    format: 1,
    home: bed.home,
    settings: expect.arrayContaining([expect.objectContaining({ name: 'home' })]),
  })

  const checked = await bed.hearth(['restore-backup', folder, '--check', '--home', join(scratch, 'none')])
  expect(checked).toMatchObject({ code: 0, stdout: expect.stringMatching(/^the backup of .* is whole: /) })
  expect(existsSync(join(scratch, 'none'))).toBe(false)

  const target = join(scratch, 'home')
  const restored = await bed.json<Report>('restore-backup', folder, '--home', target)
  expect(restored).toMatchObject({ restored: true, home: target, rows: saved.rows })
  // Machines that are only pretended have no files; each snapshot and template is named.
  expect(restored.missing).toHaveLength(3)
  const again = await bed.hearth(['restore-backup', folder, '--home', target])
  expect(again.code).toBe(1)
  expect(again.stderr).toContain(`${target} is in use: it holds hearth.db`)
  expect(again.stderr).toContain('--force')
})

it('never touches the home of a server that runs, nor a folder that exists', async () => {
  const folder = join(scratch, 'second')
  await bed.json('backup', folder)
  const refused = await bed.hearth(['restore-backup', folder, '--force'])
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('is the server of') })
  const twice = await bed.hearth(['backup', folder])
  expect(twice).toMatchObject({ code: 1, stderr: expect.stringContaining('exists already') })
  const nothing = await bed.hearth(['backup', join(scratch, 'third'), '--home', join(scratch, 'no home')])
  expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no state to save') })
  expect((await bed.hearth(['backup'])).code).toBe(2)
})
