import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MachineId, MachineSpec, SnapshotId } from '@hearth/model'
import { machineFiles } from './layout.ts'
import type { NetBackend } from './network.ts'

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
}

export async function writeRecord(directory: string, record: MachineRecord): Promise<void> {
  await writeFile(join(directory, machineFiles.record), JSON.stringify(record))
}

/** The record of a machine, or nothing when it never got that far. */
export async function readRecord(directory: string): Promise<MachineRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, machineFiles.record), 'utf8')) as MachineRecord
  } catch {
    return undefined // a machine without a readable record cannot be taken over; the caller destroys it
  }
}
