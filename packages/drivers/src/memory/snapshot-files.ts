import { createHash } from 'node:crypto'
import { serialize } from 'node:v8'
import { type Clock, type DriverSnapshot, driverError, type SnapshotId, type SnapshotManifest } from '@hearth/model'
import type { GuestDoubleOptions, InMemoryGuestDouble } from '@hearth/protocol'
import type { HostFile, HostFolder, MemoryHost } from './memory-host.ts'
import { stoppedClock } from './stopped-clock.ts'

/** Writes memory and disk as two files, unpublished, and keeps a copy of the guest for which no time passes. */
export function writeSnapshot(
  host: MemoryHost,
  id: SnapshotId,
  guest: InMemoryGuestDouble,
  atMs: number,
): Pick<DriverSnapshot, 'artifacts' | 'layers'> {
  const { files: disk, ...memory } = guest.state
  const files = [file('ram', memory), file('disk', disk)]
  const frozen = { guest: guest.clone({ clock: stoppedClock(atMs) }), atMs }
  host.snapshots.set(id, { published: false, files: new Map(files.map((each) => [each.name, each])), frozen })
  return {
    artifacts: files.map(({ name, bytes }) => ({ name, sizeBytes: bytes.length, sha256: sha256(bytes) })),
    layers: { disk: ['disk'], memory: { file: 'ram' } },
  }
}

/** A guest of its own that goes on from the frozen moment, with the clock of that moment. */
export function reviveGuest(folder: HostFolder, clock: Clock, options: GuestDoubleOptions): InMemoryGuestDouble {
  if (!folder.frozen) throw driverError('Corrupt', 'the snapshot holds no guest')
  const guest = folder.frozen.guest.clone({ ...options, clock })
  guest.fallBehind(clock.now() - folder.frozen.atMs)
  return guest
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

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
