import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { HearthError } from '@hearth/model'

/** More than any status line and its headers. */
const longestHeadBytes = 16 * 1024

/** Asks once with GET and looks at the status only: 200 to 399, or the one that is wanted. @throws HearthError `guest_error` */
export async function probeHttp(
  stream: Duplex,
  want: { readonly path: string; readonly status?: number },
  signal: AbortSignal,
): Promise<void> {
  try {
    stream.write(`GET ${want.path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: hearth\r\nConnection: close\r\n\r\n`)
    const status = statusOf(await firstLine(stream, signal))
    const fits = want.status === undefined ? status >= 200 && status < 400 : status === want.status
    if (!fits) throw new HearthError('guest_error', `it answered ${status}`)
  } finally {
    stream.destroy()
  }
}

async function firstLine(stream: Duplex, signal: AbortSignal): Promise<string> {
  let head = ''
  while (!head.includes('\r\n')) {
    const chunk: Buffer | null = stream.read()
    if (chunk !== null) {
      head += chunk.toString('latin1')
      if (head.length > longestHeadBytes) throw new HearthError('guest_error', 'its answer is not HTTP')
    } else if (stream.readableEnded || stream.destroyed) throw new HearthError('guest_error', 'it closed without an answer')
    else await Promise.race([once(stream, 'readable', { signal }), once(stream, 'close', { signal })])
  }
  return head.slice(0, head.indexOf('\r\n'))
}

function statusOf(line: string): number {
  const status = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: |$)/.exec(line)?.[1]
  if (status === undefined) throw new HearthError('guest_error', 'its answer is not HTTP')
  return Number(status)
}
