import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Writes to stdout or stderr and waits while the reader is slow. */
export async function writeOut(stream: Writable, bytes: Uint8Array): Promise<void> {
  if (!stream.write(bytes)) await once(stream, 'drain')
}

/** Resolves when the system has taken all that was written: what it has not is lost when the process exits. */
export function allTaken(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    // A stream that has failed calls back too.
    stream.write('', () => resolve())
  })
}
