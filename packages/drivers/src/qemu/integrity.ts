import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Artifact, driverError, isHearthError } from '@hearth/model'
import { snapshotFiles } from './layout.ts'

/** What the system says of a file that is not there as it was, or whose bytes cannot be had any more. */
const lostErrnos = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'EACCES', 'EIO', 'EBADMSG', 'EUCLEAN'])

/** Where a file's bytes are, and since when: a file whose stamp is unchanged was not written. */
interface Stamp {
  readonly ino: number
  readonly sizeBytes: number
  readonly mtimeMs: number
}

export type Hash = (path: string, signal?: AbortSignal) => Promise<{ sha256: string; sizeBytes: number }>

/** Digests of `names` in `directory`. */
export async function digestFiles(directory: string, names: readonly string[], hash: Hash): Promise<Artifact[]> {
  return Promise.all(names.map(async (name) => ({ name, ...(await hash(join(directory, name))) })))
}

/** Notes that the files are what their digests say, so that the next restore need not read them. */
export async function recordStamps(directory: string, artifacts: readonly Artifact[]): Promise<void> {
  const stamps = await Promise.all(artifacts.map(async ({ name }) => [name, await stampOf(join(directory, name))] as const))
  await writeFile(join(directory, snapshotFiles.checked), JSON.stringify(Object.fromEntries(stamps)))
}

/**
 * Costs one `stat` per file as long as nothing was touched; a file whose stamp changed is read and compared.
 *
 * @throws `driver_corrupt` naming the file
 */
export async function requireUntouched(directory: string, artifacts: readonly Artifact[], hash: Hash): Promise<void> {
  const recorded = await recordedStamps(directory)
  const touched = await Promise.all(
    artifacts.map(async (artifact) => {
      const now = await stampOf(join(directory, artifact.name)).catch((error: unknown) => {
        throw driverError('Corrupt', `${artifact.name} of the snapshot cannot be read`, { cause: error })
      })
      const then = recorded[artifact.name]
      return then && then.ino === now.ino && then.sizeBytes === now.sizeBytes && then.mtimeMs === now.mtimeMs
        ? undefined
        : artifact
    }),
  )
  const suspects = touched.filter((artifact) => artifact !== undefined)
  if (suspects.length === 0) return
  await requireDigests(directory, suspects, hash)
  await recordStamps(directory, artifacts)
}

/** Reads every byte. @throws `driver_corrupt` naming the file */
export async function requireDigests(
  directory: string,
  artifacts: readonly Artifact[],
  hash: Hash,
  signal?: AbortSignal,
): Promise<void> {
  for (const artifact of artifacts) {
    const found = await hash(join(directory, artifact.name), signal).catch((error: unknown) => {
      if (!isFileLost(error)) throw error
      throw driverError('Corrupt', `${artifact.name} of the snapshot cannot be read`, { cause: error })
    })
    if (found.sha256 !== artifact.sha256 || found.sizeBytes !== artifact.sizeBytes) {
      throw driverError('Corrupt', `${artifact.name} of the snapshot is not what was published`, {
        details: { file: artifact.name, expected: artifact.sha256, found: found.sha256 },
      })
    }
  }
}

/** Whoever reads may also be gone, or told to stop, and that says nothing about the file. */
function isFileLost(error: unknown): boolean {
  return isHearthError(error) && lostErrnos.has(String(error.details?.errno))
}

async function recordedStamps(directory: string): Promise<Record<string, Stamp>> {
  try {
    return JSON.parse(await readFile(join(directory, snapshotFiles.checked), 'utf8')) as Record<string, Stamp>
  } catch {
    return {} // no usable record: everything is read
  }
}

async function stampOf(path: string): Promise<Stamp> {
  const { ino, size, mtimeMs } = await stat(path)
  return { ino, sizeBytes: size, mtimeMs }
}
