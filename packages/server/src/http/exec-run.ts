import type { Readable } from 'node:stream'
import type { ExecHandle, GuestSession } from '@hearth/model'
import type { ExecRunResult, execRunSchema } from '@hearth/protocol'
import type * as z from 'zod'

type Run = z.output<typeof execRunSchema>

const sigKill = 9
/** How long the end of a killed process is waited for, in milliseconds. */
const killedMs = 5000

/** Runs a process to its end and collects what it writes. When nobody waits any more (`gone`) it is ended. */
export async function runToEnd(session: GuestSession, run: Run, gone: AbortSignal): Promise<ExecRunResult> {
  const began = performance.now()
  const { argv, env, cwd, user, input, encoding, timeoutMs, maxOutputBytes } = run
  const request = {
    argv,
    env,
    ...(cwd !== undefined && { cwd }),
    ...(user !== undefined && { user }),
    stdin: input !== undefined,
  }
  const handle = await session.exec({ ...request, onClose: 'kill' }, { signal: gone })
  const leave = () => handle.close()
  gone.addEventListener('abort', leave, { once: true })
  try {
    gone.throwIfAborted()
    feed(handle, input, encoding)
    const stdout = new Collected(handle.stdout, maxOutputBytes)
    const stderr = new Collected(handle.stderr, maxOutputBytes)
    const ended = Promise.all([handle.exit, stdout.over, stderr.over])
    const { timedOut, exit } = await inTime(handle, ended, timeoutMs)
    gone.throwIfAborted()
    return {
      code: exit?.code ?? 128 + sigKill,
      ...(exit?.signal !== undefined && { signal: exit.signal }),
      stdout: stdout.text(encoding),
      stderr: stderr.text(encoding),
      encoding,
      truncated: stdout.isTruncated || stderr.isTruncated,
      timedOut,
      tookMs: Math.round(performance.now() - began),
    }
  } finally {
    gone.removeEventListener('abort', leave)
    leave()
  }
}

function feed(handle: ExecHandle, input: string | undefined, encoding: 'utf8' | 'base64'): void {
  if (input === undefined) return
  // Input that the process did not take is lost with it; its exit says the rest.
  handle.stdin.on('error', () => undefined)
  handle.stdin.end(Buffer.from(input, encoding))
}

type Ended = readonly [Awaited<ExecHandle['exit']>, ...unknown[]]

/** The process's end; after `timeoutMs` it is killed, and soon its end is not waited for any more. */
async function inTime(
  handle: ExecHandle,
  ended: Promise<Ended>,
  timeoutMs: number,
): Promise<{ timedOut: boolean; exit: Awaited<ExecHandle['exit']> | undefined }> {
  const first = await before(ended, timeoutMs)
  if (first) return { timedOut: false, exit: first[0] }
  await handle.signal(sigKill)
  const second = await before(ended, killedMs)
  return { timedOut: true, exit: second?.[0] }
}

async function before<T>(work: Promise<T>, limitMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs)
  })
  try {
    return await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}

/** What a stream carries, up to a limit; the rest is read and dropped, so that the process is not held up. */
class Collected {
  readonly over: Promise<void>
  isTruncated = false
  readonly #chunks: Buffer[] = []
  #room: number

  constructor(stream: Readable, maxBytes: number) {
    this.#room = maxBytes
    this.over = this.#collect(stream)
  }

  text(encoding: 'utf8' | 'base64'): string {
    return Buffer.concat(this.#chunks).toString(encoding)
  }

  async #collect(stream: Readable): Promise<void> {
    for await (const chunk of stream) {
      const kept = (chunk as Buffer).subarray(0, this.#room)
      if (kept.length > 0) this.#chunks.push(kept)
      this.#room -= kept.length
      if (kept.length < (chunk as Buffer).length) this.isTruncated = true
    }
  }
}
