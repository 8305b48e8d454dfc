import { readdir } from 'node:fs/promises'
import {
  looksLikeMachineId,
  type MachineId,
  parseSnapshotId,
  parseTemplateRef,
  type SnapshotId,
  type TemplateRef,
} from '@hearth/model'
import type { Layout } from './layout.ts'

/** The machines that have a folder. Folders with other names are not ours, and left alone; so for snapshots and templates. */
export async function machinesIn(layout: Layout): Promise<MachineId[]> {
  return (await readdir(layout.machines)).filter(looksLikeMachineId) as MachineId[]
}

export async function snapshotsIn(layout: Layout): Promise<SnapshotId[]> {
  return (await readdir(layout.snapshots)).filter((name) => passes(() => parseSnapshotId(name))) as SnapshotId[]
}

export async function templatesIn(layout: Layout): Promise<TemplateRef[]> {
  const isRef = (name: string) => passes(() => parseTemplateRef(name).version !== undefined)
  return (await readdir(layout.templates)).filter(isRef) as TemplateRef[]
}

function passes(check: () => unknown): boolean {
  try {
    return check() !== false
  } catch {
    return false // the one thing that it throws says that the name is another's
  }
}
