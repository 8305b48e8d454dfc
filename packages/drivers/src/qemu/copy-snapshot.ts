import { access, link, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cancellable, driverError, isHearthError, messageOf, type SnapshotId, type SnapshotManifest } from '@hearth/model'
import { requireUntouched } from './integrity.ts'
import type { QemuParts } from './parts.ts'

/** What the file system says when it cannot give a file one more name: then its bytes are copied. */
const noMoreNames = new Set(['EMLINK', 'EXDEV', 'EPERM', 'ENOTSUP'])

/** Stages the files of a published snapshot under another id. Nobody writes them any more, so both may share them. */
export async function copyStored(
  parts: QemuParts,
  from: SnapshotManifest,
  id: SnapshotId,
  { signal }: Cancellable = {},
): Promise<void> {
  const directory = parts.layout.snapshot(from.id)
  const staging = parts.layout.staging(id)
  await requirePublished(directory, from.id)
  await requireUntouched(directory, from.artifacts, parts.hash)
  await rm(staging, { recursive: true, force: true })
  await mkdir(staging, { recursive: true, mode: 0o700 })
  try {
    for (const { name } of from.artifacts) {
      signal?.throwIfAborted()
      await share(parts, join(directory, name), join(staging, name), signal)
    }
    await (await parts.launcher.client()).fsync([staging])
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    if (isHearthError(error) || signal?.aborted) throw error
    throw driverError('Unavailable', `snapshot ${from.id} could not be copied: ${messageOf(error)}`, { cause: error })
  }
}

async function share(parts: QemuParts, from: string, to: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!noMoreNames.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    const { mode } = await stat(from)
    const launcher = await parts.launcher.client()
    await launcher.copy({ from, to, mode: mode & 0o777 }, signal && { signal })
    await launcher.fsync([to])
  }
}

async function requirePublished(directory: string, id: SnapshotId): Promise<void> {
  await access(directory).catch((error: unknown) => {
    throw driverError('NotFound', `snapshot ${id} is not on this host`, { cause: error })
  })
}
