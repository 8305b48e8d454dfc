import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cancellable, driverError, type MachineSpec, type SnapshotId, type SnapshotManifest } from '@hearth/model'
import { requireCompatible } from './compatibility.ts'
import { imageFiles } from './images/image-builder.ts'
import { requireUntouched } from './integrity.ts'
import { templateFiles } from './layout.ts'
import type { DiskLayer } from './machine-record.ts'
import type { NetBackend } from './network.ts'
import type { QemuParts } from './parts.ts'
import { startVmm } from './start-vmm.ts'

/** Starts a machine from a snapshot: it maps the snapshot's memory privately and loads the device state alone. */
export async function restoreMachine(
  parts: QemuParts,
  snapshot: SnapshotManifest,
  spec: MachineSpec,
  { signal }: Cancellable = {},
): Promise<void> {
  requireCompatible(snapshot.compatibility, await parts.facts())
  const directory = parts.layout.snapshot(snapshot.id)
  await requireUntouched(directory, snapshot.artifacts, parts.hash).catch((error: unknown) =>
    notPublishedOr(error, directory, snapshot.id),
  )
  const { memory, disk, network } = snapshot.layers
  const sizeBytes = snapshot.resources.memoryMiB * 1024 ** 2
  await parts.memory.use(snapshot.id, join(directory, memory.file), sizeBytes, () =>
    startVmm(
      parts,
      { ...spec, resources: snapshot.resources },
      {
        snapshot,
        memory: snapshot.id,
        sharedMemory: false,
        guestKernel: snapshot.compatibility.guestKernel,
        machineType: snapshot.compatibility.machineType,
        cpuFeatures: snapshot.compatibility.cpuFeatures,
        layers: [scratchLayer(parts, spec), ...disk.map((name, index) => snapshotLayer(join(directory, name), index + 1))],
        netBackend: frozenBackend(network),
      },
      signal,
    ),
  )
}

/** Starts a machine from nothing, on memory of its own. */
export async function bootMachine(parts: QemuParts, spec: MachineSpec, { signal }: Cancellable = {}): Promise<void> {
  const facts = await parts.facts()
  const guestKernel = await builtKernel(parts, spec)
  const sizeBytes = spec.resources.memoryMiB * 1024 ** 2
  const sharedMemory = spec.forTemplate === true
  const launcher = await parts.launcher.client()
  await launcher.memfd({ id: spec.id, sizeBytes, seal: !sharedMemory })
  parts.failpoint('machine.memory_made')
  await startVmm(
    parts,
    spec,
    {
      memory: spec.id,
      sharedMemory,
      guestKernel,
      machineType: facts.machineType,
      cpuFeatures: facts.cpuFeatures,
      layers: [scratchLayer(parts, spec)],
      netBackend: 'hub',
    },
    signal,
  )
}

function scratchLayer(parts: QemuParts, spec: MachineSpec): DiskLayer {
  const path = join(parts.layout.template(spec.template), imageFiles.scratch)
  return { node: 'disk0', fileNode: 'file0', path, format: 'raw' }
}

function snapshotLayer(path: string, index: number): DiskLayer {
  return { node: `disk${index}`, fileNode: `file${index}`, path, format: 'qcow2' }
}

function frozenBackend(network: string | undefined): NetBackend {
  return network === 'user' ? 'user' : 'hub'
}

async function builtKernel(parts: QemuParts, spec: MachineSpec): Promise<string> {
  try {
    const image = JSON.parse(await readFile(join(parts.layout.template(spec.template), templateFiles.image), 'utf8')) as {
      guestKernel: string
    }
    return image.guestKernel
  } catch (error) {
    throw driverError('NotFound', `the image of template ${spec.template} is not on this host`, {
      cause: error,
      hint: `Build it again: hearth template build ${spec.template.split('@')[0]} …`,
    })
  }
}

/** Asked only after a failure: a folder that is not there was never published here, or was removed. */
async function notPublishedOr(error: unknown, directory: string, id: SnapshotId): Promise<never> {
  const published = await access(directory).then(
    () => true,
    () => false,
  )
  throw published ? error : driverError('NotFound', `snapshot ${id} is not on this host`, { cause: error })
}
