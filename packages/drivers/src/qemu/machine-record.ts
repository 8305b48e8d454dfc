import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MachineId, MachineSpec, SnapshotId } from '@hearth/model'
import { machineFiles } from './layout.ts'
import type { NetBackend } from './network.ts'
import { readOwnFile } from './own-file.ts'

/** One disk layer of a machine, as its QEMU knows it. */
export interface DiskLayer {
  readonly node: string
  readonly fileNode: string
  readonly path: string
  readonly format: 'raw' | 'qcow2'
}

/** What a server needs to take a machine over from an earlier one; stored as `machine.json`. */
export interface MachineRecord {
  readonly id: MachineId
  readonly spec: MachineSpec
  readonly pid: number
  readonly startTime: number
  readonly uid?: number
  readonly restoredFrom?: SnapshotId
  /** The memory file it maps; its own until it is a clone's. */
  readonly memory: string
  readonly sharedMemory: boolean
  readonly netBackend: NetBackend
  readonly guestKernel: string
  /** Oldest first; the last one is written to. */
  readonly disk: readonly DiskLayer[]
  /** Counts the overlays this machine has had. */
  readonly overlays: number
  /** Made ready by a snapshot that has not ended: the machine may have gone on in it, or not. */
  readonly prepared?: DiskLayer
}

/** A server that is killed meanwhile leaves the record as it was. */
export async function writeRecord(directory: string, record: MachineRecord): Promise<void> {
  const path = join(directory, machineFiles.record)
  const fresh = `${path}.new`
  await rm(fresh, { force: true })
  // The folder belongs to the VMM: nothing that it may have put there is followed.
  await writeFile(fresh, JSON.stringify(record), { flag: 'wx', mode: 0o600 })
  await rename(fresh, path)
}

/** The record of a machine, or nothing when it never got that far. */
export async function readRecord(directory: string): Promise<MachineRecord | undefined> {
  try {
    return JSON.parse(await readOwnFile(join(directory, machineFiles.record))) as MachineRecord
  } catch {
    return undefined // a machine without a readable record cannot be taken over; the caller destroys it
  }
}
