import type { MachineRef } from '@hearth/sdk'

/** What was copied. */
export interface Tally {
  files: number
  bytes: number
}

/** One copy between this computer and a machine. */
export interface CopyJob {
  readonly machine: MachineRef
  readonly signal: AbortSignal
  say(line: string): void
  /** Called for every piece that went over. */
  count(bytes: number): void
  countFile(): void
}

/** Passes chunks on and counts them. */
export async function* counted(job: CopyJob, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    yield chunk
    job.count(chunk.byteLength)
  }
}

/** Octal permission bits as the API has them. */
export function octalMode(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}
