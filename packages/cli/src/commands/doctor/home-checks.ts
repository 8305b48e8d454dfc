import { constants, existsSync } from 'node:fs'
import { access, readFile, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { socketPathOf } from '../../connection/home.ts'
import { isListening } from '../../connection/is-listening.ts'
import { size } from '../../output/units.ts'
import { type Check, missing, ok, warning } from './check.ts'

/** The server names sockets below the home, and a socket's path holds 107 bytes. */
const longestHomeBytes = 67
const tooLittleBytes = 1024 ** 3
const littleBytes = 5 * 1024 ** 3

/** The home: can it be used, is there room, and who has it. */
export async function homeChecks(home: string): Promise<Check[]> {
  return [await homeCheck(home), await roomCheck(home), await ownerCheck(home)]
}

async function homeCheck(home: string): Promise<Check> {
  if (Buffer.byteLength(home) > longestHomeBytes) {
    return missing('home', `${home} is longer than ${longestHomeBytes} bytes`, 'Choose a shorter one: --home or HEARTH_HOME.')
  }
  const nearest = nearestExisting(home)
  try {
    await access(nearest, constants.W_OK | constants.X_OK)
    return ok('home', nearest === home ? home : `${home} (will be made)`)
  } catch (error) {
    return missing(
      'home',
      `${nearest} is not writable: ${(error as Error).message}`,
      'Choose another one: --home or HEARTH_HOME.',
    )
  }
}

async function roomCheck(home: string): Promise<Check> {
  const { bavail, bsize } = await statfs(nearestExisting(home))
  const free = bavail * bsize
  const fix = 'Free some space, or choose another home: --home or HEARTH_HOME.'
  if (free < tooLittleBytes) return missing('disk space', `${size(free)} free, at least ${size(tooLittleBytes)} are needed`, fix)
  if (free < littleBytes) return warning('disk space', `${size(free)} free; templates and snapshots take gigabytes`, fix)
  return ok('disk space', `${size(free)} free`)
}

async function ownerCheck(home: string): Promise<Check> {
  const isServed = await isListening(socketPathOf(home))
  const pid = await holder(home)
  if (isServed) return ok('server', pid === undefined ? 'runs' : `runs as process ${pid}`)
  if (pid === undefined || !existsSync(`/proc/${pid}`)) return ok('server', 'does not run; commands start it')
  return warning('server', `process ${pid} has the home but does not answer`, `See what it is: ps -fp ${pid}`)
}

/** Whom the home's lock was given to last. */
async function holder(home: string): Promise<number | undefined> {
  const path = join(home, 'server.json')
  if (!existsSync(path)) return undefined
  const { pid } = JSON.parse(await readFile(path, 'utf8')) as { pid?: unknown }
  return typeof pid === 'number' ? pid : undefined
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path))
}
