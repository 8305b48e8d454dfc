import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SnapshotManifest } from '@hearth/model'
import type { HearthUnderTest } from './hearth-under-test.ts'

/** The manifest of the snapshot that launches of a template restore. */
export async function templateManifest(bench: HearthUnderTest, template: string): Promise<SnapshotManifest> {
  const machine = await bench.hearth.launch(template, { boot: 'restored' })
  const snapshot = machine.data.boot?.snapshotId
  await machine.remove()
  if (!snapshot) throw new Error(`${template} was not restored from a snapshot`)
  return JSON.parse(await readFile(join(bench.home, 'snapshots', snapshot, 'manifest.json'), 'utf8')) as SnapshotManifest
}
