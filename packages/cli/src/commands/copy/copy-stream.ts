import type { Readable, Writable } from 'node:stream'
import { writeOut } from '../../output/write-out.ts'
import { type CopyJob, counted } from './copy-job.ts'

/** A file of a machine to stdout. */
export async function writeFromMachine(job: CopyJob, path: string, out: Writable): Promise<void> {
  const file = await job.machine.files.read(path, { signal: job.signal })
  for await (const chunk of counted(job, file)) await writeOut(out, chunk)
  job.countFile()
}

/** stdin to a file of a machine. */
export async function readIntoMachine(job: CopyJob, input: Readable, path: string): Promise<void> {
  await job.machine.files.write(path, counted(job, input), { signal: job.signal })
  job.countFile()
}
