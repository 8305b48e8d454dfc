import { fullMachine, snapshotId, snapshotRow } from '@hearth/conformance'
import type { StateStore } from '@hearth/model'

const atOnce = 16
const blocks = 500

/** Puts machines that have ended and as many snapshots of the same template into a store. */
export async function fillStore(store: StateStore, host: string, count: number): Promise<void> {
  const now = Date.now()
  await times(count, async (n) => {
    const { name: _, ...machine } = fullMachine(n)
    await store.machines.insert({ ...machine, host, state: 'stopped', createdAt: now - n * 1000, endedAt: now - n * 500 })
  })
  await times(count, async (n) => {
    const snapshot = snapshotRow(n, { host, state: 'ready', createdAt: now - n * 1000, parent: snapshotId(n + 1) })
    const { manifest } = snapshot
    const memory = {
      file: 'ram',
      base: snapshotId(n + 1),
      changedBlocks: Array.from({ length: blocks }, (_, block) => block * 3),
    }
    await store.snapshots.insert(manifest ? { ...snapshot, manifest: { ...manifest, layers: { disk: [], memory } } } : snapshot)
  })
}

async function times(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) {
      next += 1
      await work(next)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
