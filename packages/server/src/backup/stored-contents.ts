import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Artifact, messageOf, type Snapshot, type StateStore, type Template } from '@hearth/model'

/** A template or snapshot whose row says that its files lie in the home. */
export interface StoredContent {
  /** In the home, `snapshots/s-…` or `templates/NAME@VERSION`. */
  readonly folder: string
  /** What must be in it; empty for a template, whose driver knows. */
  readonly artifacts: readonly Artifact[]
}

/** Every folder that must stand beside the database for its rows to be true. */
export async function storedContents(store: StateStore, host: string): Promise<StoredContent[]> {
  const templates = await store.templates.list()
  const snapshots = await store.snapshots.where({ host, states: ['ready'] })
  return [...templates.filter((row) => row.host === host).flatMap(ofTemplate), ...snapshots.flatMap(ofSnapshot)]
}

/** What is not there, by name: a folder, or a file of it that is missing or too short. */
export async function missingContents(home: string, contents: readonly StoredContent[]): Promise<string[]> {
  const missing: string[] = []
  for (const { folder, artifacts } of contents) {
    const there = await sizeOf(join(home, folder))
    if (there === undefined) missing.push(folder)
    else for (const artifact of artifacts) missing.push(...(await wrongFile(home, folder, artifact)))
  }
  return missing
}

function ofTemplate({ ref, state }: Template): StoredContent[] {
  return state === 'ready' ? [{ folder: `templates/${ref}`, artifacts: [] }] : []
}

function ofSnapshot({ id, manifest }: Snapshot): StoredContent[] {
  return manifest ? [{ folder: `snapshots/${id}`, artifacts: manifest.artifacts }] : []
}

async function wrongFile(home: string, folder: string, artifact: Artifact): Promise<string[]> {
  const path = `${folder}/${artifact.name}`
  const sizeBytes = await sizeOf(join(home, path))
  if (sizeBytes === artifact.sizeBytes) return []
  return [sizeBytes === undefined ? path : `${path} (${sizeBytes} bytes, not ${artifact.sizeBytes})`]
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${path} cannot be looked at: ${messageOf(error)}`, { cause: error })
  }
}
