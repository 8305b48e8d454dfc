import { type Clock, type ExecExit, type GuestConnection, HearthError, messageOf, type TemplateSpec } from '@hearth/model'
import { LinkedAbort, orAborted, withDeadline } from '../time/abort.ts'
import { compileLogPattern } from './log-pattern.ts'
import { OutputTail } from './output-tail.ts'
import { type AskedCheck, isReady, untilReady } from './ready-check.ts'

/** The tag by which a template's start command is found among a machine's programs. */
const startTag = 'start'

export interface ServiceOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** The console's last bytes, for the error. */
  readonly consoleTail: () => Promise<string>
}

type Service = Pick<TemplateSpec, 'start' | 'ready' | 'readyTimeoutMs'>

/**
 * Runs the start command and waits for the ready check. The command goes on when this resolves.
 * @throws HearthError `ready_check_failed` with the last 4 KiB of its output and of the console
 */
export async function startService(connection: GuestConnection, service: Service, options: ServiceOptions): Promise<void> {
  if (!service.start && !service.ready) return
  const output = new OutputTail()
  try {
    await withDeadline(
      options.clock,
      { limitMs: service.readyTimeoutMs, what: 'the ready check', code: 'ready_check_failed' },
      options.signal,
      (signal) => startAndWait(connection, service, output, options.clock, signal),
    )
  } catch (error) {
    if (options.signal.aborted) throw error
    throw await readyCheckFailed(error, output, options)
  }
}

async function startAndWait(
  connection: GuestConnection,
  service: Service,
  output: OutputTail,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const { start, ready } = service
  if (!start) {
    if (ready && ready.kind !== 'log') await untilReady(connection, ready, clock, signal)
    return
  }
  const heard = ready?.kind === 'log' ? listenFor(ready.pattern) : undefined
  const session = await connection.session({ signal })
  const handle = await session.exec({ argv: start, tag: startTag, onClose: 'keep', toConsole: true }, { signal })
  // Nobody may be waiting when the program ends.
  handle.exit.catch(() => undefined)
  const read = Promise.all([output.follow(handle.stdout, heard?.line()), output.follow(handle.stderr, heard?.line())])
  const command = { exit: handle.exit, said: () => withinMoment(read, clock) }
  try {
    if (heard) await orExited(heard.found, command, async () => heard.wasFound(), signal)
    else if (ready && ready.kind !== 'log') await askUntilReady(connection, ready, command, clock, signal)
  } finally {
    handle.close()
  }
}

interface StartCommand {
  readonly exit: Promise<ExecExit>
  /** Resolves when all that it said was read. */
  said(): Promise<unknown>
}

/** Something that it left behind may hold its output open for ever; a second is enough for what it said itself. */
function withinMoment(read: Promise<unknown>, clock: Clock): Promise<unknown> {
  return withDeadline(clock, { limitMs: 1000, what: 'reading the last output' }, undefined, () => read).catch(() => undefined)
}

async function askUntilReady(
  connection: GuestConnection,
  check: AskedCheck,
  command: StartCommand,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const asking = new LinkedAbort(signal)
  try {
    const ready = untilReady(connection, check, clock, asking.signal)
    await orExited(ready, command, () => isReady(connection, check, clock, signal), signal)
  } finally {
    asking.abort(new HearthError('cancelled', 'nobody waits for this check any more'))
    asking.release()
  }
}

/**
 * `ready`, unless the start command ends first. A command that ends well may have left a service behind: that is asked once more,
 * with `lastLook`.
 */
async function orExited(
  ready: Promise<unknown>,
  command: StartCommand,
  lastLook: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  // Whoever loses this race may reject later; that is no news.
  ready.catch(() => undefined)
  const exited = await orAborted(Promise.race([ready.then(() => undefined), command.exit]), signal)
  if (!exited) return
  await command.said()
  if (exited.code === 0 && (await lastLook())) return
  const how = exited.signal ? `was ended by signal ${exited.signal}` : `ended with code ${exited.code}`
  throw new HearthError('ready_check_failed', `the start command ${how} before the machine was ready`, {
    hint: 'A start command stays in the foreground.',
    details: { exitCode: exited.code },
  })
}

interface Listening {
  readonly found: Promise<void>
  wasFound(): boolean
  /** One for each stream, since lines do not cross streams. */
  line(): (text: string) => void
}

function listenFor(pattern: string): Listening {
  const newMatcher = compileLogPattern(pattern)
  const { promise: found, resolve, reject } = Promise.withResolvers<void>()
  let was = false
  return {
    found,
    wasFound: () => was,
    line() {
      const matcher = newMatcher()
      return (text) => {
        try {
          was ||= matcher.feed(text)
          if (was) resolve()
        } catch (error) {
          reject(error)
        }
      }
    },
  }
}

async function readyCheckFailed(error: unknown, output: OutputTail, options: ServiceOptions): Promise<HearthError> {
  const known = error instanceof HearthError ? error : undefined
  const console = await options.consoleTail().catch((reason) => `(the console could not be read: ${messageOf(reason)})`)
  return new HearthError('ready_check_failed', `the machine did not become ready: ${messageOf(error)}`, {
    hint: known?.hint ?? 'Look at the last output in the details; raise the ready timeout if it was still at work.',
    details: { ...known?.details, output: output.text(), console },
    cause: error,
  })
}
