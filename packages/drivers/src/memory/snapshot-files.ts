import { createHash } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import { type DriverSnapshot, driverError, type SnapshotId, type SnapshotManifest } from '@hearth/model'
import type { GuestState } from './memory-guest.ts'
import type { HostFile, HostFolder, MemoryHost } from './memory-host.ts'

/** Writes memory and disk as two files, unpublished. Serialising is what keeps a snapshot apart from its source and its clones. */
export function writeSnapshot(host: MemoryHost, id: SnapshotId, state: GuestState): Pick<DriverSnapshot, 'artifacts' | 'layers'> {
  const files = [file('ram', state.memory), file('disk', state.disk)]
  host.snapshots.set(id, { published: false, files: new Map(files.map((each) => [each.name, each])) })
  return {
    artifacts: files.map(({ name, bytes }) => ({ name, sizeBytes: bytes.length, sha256: sha256(bytes) })),
    layers: { disk: ['disk'], memory: { file: 'ram' } },
  }
}

/** What the files hold; every call makes a state of its own. */
export function readState(folder: HostFolder): GuestState {
  return { memory: content(folder, 'ram'), disk: content(folder, 'disk') }
}

/** @throws HearthError `driver_corrupt` naming the file */
export function checkFiles(manifest: SnapshotManifest, folder: HostFolder): void {
  for (const artifact of manifest.artifacts) {
    const found = folder.files.get(artifact.name)
    if (!found) throw driverError('Corrupt', `snapshot ${manifest.id} has lost its file ${artifact.name}`)
    if (sha256(found.bytes) !== artifact.sha256) {
      throw driverError('Corrupt', `file ${artifact.name} of snapshot ${manifest.id} is not what was published`)
    }
  }
}

function file(name: string, value: unknown): HostFile {
  return { name, bytes: serialize(value) }
}

function content(folder: HostFolder, name: string): unknown {
  const bytes = folder.files.get(name)?.bytes
  if (!bytes) throw driverError('Corrupt', `the file ${name} is missing`)
  return deserialize(bytes)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
