import { chmod, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HearthError } from '@hearth/model'
import { placeSnapshots } from './place-snapshots.ts'

/** A unix socket's path holds no more (sun_path of unix(7), less the NUL). */
const socketPathBytes = 107
/** What the longest socket path adds to the home: `/machines/m-0123456789abcdef/agent.sock`. */
const longestSocketBytes = 40

/** Where things are in one `HEARTH_HOME`. */
export interface HomeLayout {
  readonly root: string
  readonly database: string
  readonly socket: string
  readonly lock: string
  /** Who holds the lock; read only while it is held. */
  readonly holder: string
  readonly tmp: string
  /** The key of the first start. */
  readonly keys: string
}

/** The layout of `root`. @throws HearthError `invalid_input` when sockets in it would have names that are too long */
export function homeLayout(root: string): HomeLayout {
  const room = socketPathBytes - longestSocketBytes
  if (Buffer.byteLength(root) > room) {
    throw new HearthError(
      'invalid_input',
      `home: ${root} is too long; ${room} bytes at most, or the sockets in it cannot be named`,
    )
  }
  return {
    root,
    database: join(root, 'hearth.db'),
    socket: join(root, 'hearth.sock'),
    lock: join(root, 'server.lock.db'),
    holder: join(root, 'server.json'),
    tmp: join(root, 'tmp'),
    keys: join(root, 'keys'),
  }
}

/** Makes the home itself, so that it can be locked. Others may pass through it, not look around. */
export async function makeHome(home: HomeLayout): Promise<void> {
  await mkdir(home.root, { recursive: true, mode: 0o711 })
}

/** Makes the directories (snapshots in `snapshotPath` where there is one) and sweeps what dead servers left unpublished. Only for the holder of the lock. */
export async function prepareHome(home: HomeLayout, snapshotPath?: string): Promise<void> {
  if (snapshotPath !== undefined) await placeSnapshots(home, snapshotPath)
  await chmod(home.root, 0o711)
  for (const [name, mode] of [
    ['templates', 0o700],
    ['keys', 0o700],
    ['snapshots', 0o700],
    ['machines', 0o711],
    ['tmp', 0o700],
  ] as const) {
    const path = join(home.root, name)
    await mkdir(path, { recursive: true, mode })
    // The mode of mkdir is subject to the umask.
    await chmod(path, mode)
  }
  for (const left of await readdir(home.tmp)) await rm(join(home.tmp, left), { recursive: true, force: true })
}
