import { type Clock, type GuestConnection, isHearthError, type ReadyCheck } from '@hearth/model'
import { withDeadline } from '../time/abort.ts'

/** Between two tries of a check, in milliseconds: short at first, because most services are quick. */
const firstWaitMs = 20
const longestWaitMs = 500
/** One run of a check command, or one dial. */
const tryLimitMs = 10_000

/** A check that is made by asking; `log` checks listen instead. */
export type AskedCheck = Exclude<ReadyCheck, { kind: 'log' }>

/** Asks until the answer is yes. @throws HearthError the signal's reason, or what the guest cannot do at all */
export async function untilReady(
  connection: GuestConnection,
  check: AskedCheck,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    if (await isReady(connection, check, clock, signal)) return
    await clock.sleep(waitMs, signal)
  }
}

/** Asks once. */
export async function isReady(
  connection: GuestConnection,
  check: AskedCheck,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await withDeadline(clock, { limitMs: tryLimitMs, what: `one ${check.kind} check` }, signal, (within) =>
      check.kind === 'port' ? accepts(connection, check.port, within) : succeeds(connection, check.argv, within),
    )
  } catch (error) {
    // "Not yet": nobody listens, the program is not there yet, or the answer took too long. All else ends the waiting.
    if (!signal.aborted && isHearthError(error, 'guest_error', 'driver_timeout', 'guest_unreachable')) return false
    throw error
  }
}

async function accepts(connection: GuestConnection, port: number, signal: AbortSignal): Promise<boolean> {
  const session = await connection.session({ signal })
  const stream = await session.dial(port, { signal })
  stream.on('error', () => undefined)
  stream.destroy()
  return true
}

async function succeeds(connection: GuestConnection, argv: readonly string[], signal: AbortSignal): Promise<boolean> {
  const session = await connection.session({ signal })
  const handle = await session.exec({ argv, onClose: 'kill' }, { signal })
  const close = () => handle.close()
  signal.addEventListener('abort', close, { once: true })
  try {
    handle.stdout.resume()
    handle.stderr.resume()
    return (await handle.exit).code === 0
  } finally {
    signal.removeEventListener('abort', close)
    handle.close()
  }
}
