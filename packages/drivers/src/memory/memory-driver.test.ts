import { randomBytes } from 'node:crypto'
import { type DriverBed, DriverRun, describeDriver, driverCases, makeSharedTemplate, runDriverCase } from '@hearth/conformance'
import {
  type Cancellable,
  type DriverSnapshot,
  driverError,
  type MachineId,
  type MachineSpec,
  type SnapshotId,
  type SnapshotManifest,
  type TemplateRef,
} from '@hearth/model'
import { openGuest } from '@hearth/protocol'
import { describe, expect, it } from 'vitest'
import { MemoryDriver, type MemoryDriverOptions } from './memory-driver.ts'
import { type HostFolder, MemoryHost } from './memory-host.ts'
import type { MemoryMachine } from './memory-machine.ts'

/** A memory driver on a host of its own, for the suite; `make` builds another kind of it. */
async function memoryBed(
  make: (options: MemoryDriverOptions) => MemoryDriver = (options) => new MemoryDriver(options),
): Promise<DriverBed> {
  const host = new MemoryHost()
  return {
    driver: make({ host }),
    openGuest,
    source: { kind: 'builtin', name: 'base' },
    resources: { vcpus: 1, memoryMiB: 128, diskMiB: 64 },
    random: (size) => randomBytes(size),
    bootDeadlineMs: 5000,
    traces: async (text) => host.traces(text),
    flipByte: async ({ id }) => host.flipByte(id),
    failNextWrite: async () => {
      host.faults.fail('write', driverError('Unavailable', 'the disk is full'))
      return async () => host.faults.clear()
    },
    crash: async (id) => host.crash(id),
    restart: async () => make({ host }),
    close: async () => undefined,
  }
}

describeDriver('memory', () => memoryBed())

/** Says that a machine is gone while it is still going. */
class DestroysEarly extends MemoryDriver {
  override async destroy(id: MachineId): Promise<void> {
    void super.destroy(id)
  }
}

/** Leaves a lock on the host that bears the name of the snapshot, for each clone of it. */
class NamesAfterTheSnapshot extends MemoryDriver {
  protected override revive(folder: HostFolder, id: SnapshotId, spec: MachineSpec): MemoryMachine {
    folder.files.set(`lock of ${spec.id}`, { name: 'lock', bytes: Buffer.alloc(0) })
    return super.revive(folder, id, spec)
  }
}

/** Brings the memory back, and an empty disk. */
class MemoryWithoutDisk extends MemoryDriver {
  protected override revive(folder: HostFolder, id: SnapshotId, spec: MachineSpec): MemoryMachine {
    const machine = super.revive(folder, id, spec)
    for (const [path, file] of machine.guest.state.files) if (file.kind === 'file') machine.guest.state.files.delete(path)
    return machine
  }
}

/** Reports a snapshot whose files could not be written. */
class SwallowsFailedWrite extends MemoryDriver {
  protected override async write(
    machine: MemoryMachine,
    id: SnapshotId,
    signal: AbortSignal | undefined,
  ): Promise<Pick<DriverSnapshot, 'artifacts' | 'layers'>> {
    return super.write(machine, id, signal).catch(() => ({ artifacts: [], layers: { disk: [], memory: { file: 'ram' } } }))
  }
}

/** Lets every clone work on the snapshot itself. */
class RestoresWithoutIsolation extends MemoryDriver {
  protected override revive(folder: HostFolder, id: SnapshotId, spec: MachineSpec): MemoryMachine {
    if (!folder.frozen) return super.revive(folder, id, spec)
    const shared = folder.frozen.guest
    const machine = super.revive(folder, id, spec)
    for (const [path, file] of shared.state.files) machine.guest.state.files.set(path, file)
    Reflect.set(machine.guest.state, 'files', shared.state.files)
    return machine
  }
}

/** Lets a copy go with what it was copied from. */
class CopiesByName extends MemoryDriver {
  readonly #copies = new Map<SnapshotId, SnapshotId>()

  override async copySnapshot(from: SnapshotManifest, id: SnapshotId, options?: Cancellable): Promise<void> {
    this.#copies.set(from.id, id)
    return super.copySnapshot(from, id, options)
  }

  override async removeSnapshot(id: SnapshotId): Promise<void> {
    const copy = this.#copies.get(id)
    if (copy) await super.removeSnapshot(copy)
    return super.removeSnapshot(id)
  }
}

/** Offers images that are not finished. */
class ListsTheUnfinished extends MemoryDriver {
  override async listTemplates(): Promise<TemplateRef[]> {
    return [...this.host.templates.keys()]
  }
}

async function failures(make: (options: MemoryDriverOptions) => MemoryDriver): Promise<string[]> {
  const bed = await memoryBed(make)
  const template = await makeSharedTemplate(bed)
  const failed: string[] = []
  for (const each of driverCases) {
    const run = new DriverRun(bed, bed.driver, template)
    // A successor would be another driver than the one that is looked at.
    if (each.inapplicable?.(run) || each.name.includes('successor')) continue
    await runDriverCase(each, run).catch(() => failed.push(each.name))
  }
  return failed
}

describe('the suite finds out a driver that', () => {
  it.each([
    ['lists what is not finished', ListsTheUnfinished, 'lists images once they are published, and no more when they are removed'],
    ['destroys early', DestroysEarly, 'has nothing left of a machine when destroy returns'],
    [
      'names things after the snapshot',
      NamesAfterTheSnapshot,
      'names everything on the host after the machine, never after the snapshot',
    ],
    ['restores memory without disk', MemoryWithoutDisk, 'keeps the disk of the frozen moment'],
    [
      'swallows a failed write',
      SwallowsFailedWrite,
      'reports a write that fails, leaves nothing of it, and lets the machine go on',
    ],
    [
      'restores without isolation',
      RestoresWithoutIsolation,
      'runs clones side by side, apart from each other and from the snapshot',
    ],
    ['copies by name', CopiesByName, 'copies a snapshot, so that either lives on without the other'],
  ])('%s', async (_what, Wrong, caught) => {
    expect(await failures((options) => new Wrong(options))).toContain(caught)
  })

  it('does nothing wrong passes every case', async () => {
    expect(await failures((options) => new MemoryDriver(options))).toEqual([])
  })
})
