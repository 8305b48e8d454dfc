import { statfs } from 'node:fs/promises'
import type { Instruments } from './instruments.ts'

/** Refreshes what the file system of `home` has left: `bavail`, which leaves out what is kept for root. */
export function homeGauges(metrics: Instruments, home: string): () => Promise<void> {
  return async () => {
    const { bsize, blocks, bavail } = await statfs(home)
    metrics.homeSizeBytes.set(bsize * blocks)
    metrics.homeFreeBytes.set(bsize * bavail)
  }
}
