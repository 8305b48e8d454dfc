import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { isListening } from './is-listening.ts'

const checkMs = 20

/** Resolves when nobody listens any more and the process has ended: it is not our child, so there is no event for that. */
export async function untilGone(socketPath: string, pid: number, signal: AbortSignal): Promise<void> {
  while ((await isListening(socketPath)) || (await isAlive(pid))) await delay(checkMs, undefined, { signal })
}

/** A zombie counts as gone: its parent may be slow to look. */
async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat !== undefined && !/\) [ZX] /.test(stat)
}
