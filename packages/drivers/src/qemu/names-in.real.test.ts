import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { layoutOf } from './layout.ts'
import { machinesIn, snapshotsIn, templatesIn } from './names-in.ts'

it('finds what is ours, and leaves other folders to whoever made them', async () => {
  const home = await mkdtemp(join(tmpdir(), 'hn-'))
  try {
    const ours = ['machines/m-0123456789abcdef', 'snapshots/s-0123456789abcdef', 'templates/web@1']
    const others = [
      ...['machines/lost+found', 'machines/m-short', 'machines/s-0123456789abcdef'],
      ...['snapshots/old', 'snapshots/s-0123456789ABCDEF', 'templates/web', 'templates/web@0', 'templates/web@1@2'],
    ]
    for (const path of [...ours, ...others]) await mkdir(join(home, path), { recursive: true })
    const layout = layoutOf(home)
    expect(await machinesIn(layout)).toEqual(['m-0123456789abcdef'])
    expect(await snapshotsIn(layout)).toEqual(['s-0123456789abcdef'])
    expect(await templatesIn(layout)).toEqual(['web@1'])
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})
