import { constants } from 'node:os'
import { isHearthError } from '@hearth/model'
import type { LauncherClient, LauncherProcess } from './launcher-client.ts'

/** Makes the launcher report the end of a process, whether it started it or not. Says whether it lives. */
export async function watchProcess(launcher: LauncherClient, id: string, { pid, startTime }: LauncherProcess): Promise<boolean> {
  const children = await launcher.list()
  if (children.some((child) => child.id === id && child.pid === pid)) return true
  try {
    await launcher.adopt({ id, pid, startTime })
    return true
  } catch (error) {
    // No such process, or another one with its number.
    if (isHearthError(error, 'driver_not_found')) return false
    throw error
  }
}

/** Kills a child and resolves when it is gone. @throws when the launcher dies before it could tell */
export async function endChild(launcher: LauncherClient, id: string): Promise<void> {
  const gone = Promise.withResolvers<void>()
  const stop = launcher.onExit((exit) => {
    if (exit.id === id) gone.resolve()
  })
  void launcher.closed.then((reason) => gone.reject(reason))
  try {
    await Promise.all([gone.promise, launcher.kill(id, constants.signals.SIGKILL)])
  } finally {
    stop()
  }
}
