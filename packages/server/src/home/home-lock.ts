import { readFileSync, writeFileSync } from 'node:fs'
import { HearthError } from '@hearth/model'
import type { HomeLayout } from './home-layout.ts'

interface Lock {
  release(): void
}

/**
 * Makes this process the only server of a home, until it releases the lock or ends.
 * @throws HearthError `state_conflict` with `details.holderPid` when another server has it
 */
export function lockHome(home: HomeLayout, pid: number, takeLock: (path: string) => Lock | undefined): Lock {
  const lock = takeLock(home.lock)
  if (lock === undefined) throw taken(home)
  writeFileSync(home.holder, JSON.stringify({ pid }), { mode: 0o600 })
  return lock
}

function taken(home: HomeLayout): HearthError {
  const pid = holderPid(home)
  const who = pid === undefined ? 'another process' : `process ${pid}`
  return new HearthError('state_conflict', `${who} is the server of ${home.root} already`, {
    hint: 'Use that one, or end it with "hearth server stop"; its machines go on.',
    details: { ...(pid !== undefined && { holderPid: pid }), home: home.root },
  })
}

function holderPid(home: HomeLayout): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(home.holder, 'utf8')) as { pid?: unknown }
    return typeof pid === 'number' ? pid : undefined
  } catch (error) {
    // The holder has the lock, but has not said its name yet.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
