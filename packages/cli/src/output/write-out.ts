import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Writes to stdout or stderr and waits while the reader is slow. */
export async function writeOut(stream: Writable, bytes: Uint8Array): Promise<void> {
  if (!stream.write(bytes)) await once(stream, 'drain')
}
