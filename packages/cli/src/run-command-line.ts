import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { Interrupted } from './cli-error.ts'
import { systemNow } from './clock.ts'
import { chooseHome } from './connection/home.ts'
import type { Context, SharedOptions } from './context.ts'
import { completionCommand } from './declare/completion.ts'
import { exitCodeOf, exitCodes, stopSignals } from './exit-codes.ts'
import { parseLogLevel, textLog } from './log.ts'
import { createProgram } from './program.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Runs one command line and resolves to the exit code. */
export async function runCommandLine(argv: readonly string[], env: Env): Promise<number> {
  const signal = interruption()
  stopWhenNobodyReads()
  let exitCode: number = exitCodes.done
  const program = createProgram(version(), async (options, action) => {
    exitCode = (await action(createContext(options, env, signal))) ?? exitCodes.done
  })
  try {
    if (argv[2] === 'completion' || argv[2] === 'complete') {
      const { addCompletion } = await import('./completion/add-completion.ts')
      await addCompletion(program as unknown as Command, argv.slice(2), createContext({}, env, signal))
    } else program.addCommand(completionCommand())
    await program.parseAsync(argv)
    return exitCode
  } catch (error) {
    const code = await failureCode(error, argv, signal)
    // Only `exec` passes a program's code through, so its own failures need one of their own.
    return argv[2] === 'exec' && code !== exitCodes.done && !signal.aborted ? exitCodes.execFailed : code
  }
}

async function failureCode(error: unknown, argv: readonly string[], signal: AbortSignal): Promise<number> {
  if (signal.aborted && signal.reason instanceof Interrupted) return exitCodeOf(signal.reason.signal)
  const { CommanderError } = await import('commander')
  // Commander has said what it had to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  const { errorData, errorText, exitCodeOfError } = await import('./output/report-error.ts')
  const asJson = argv.includes('--json')
  process.stderr.write(`${asJson ? JSON.stringify(errorData(error)) : errorText(error)}\n`)
  return exitCodeOfError(error)
}

/** Aborted by the first Ctrl-C (or signal from outside); the second ends this process at once. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const name of stopSignals) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCodeOf(name))
      controller.abort(new Interrupted(name))
    })
  }
  return controller.signal
}

/** As other programs do in `hearth ls | head -1`. */
function stopWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(exitCodes.brokenPipe)
  })
}

function createContext(options: SharedOptions, env: Env, signal: AbortSignal): Context {
  const say = (line: string) => {
    process.stderr.write(`${line}\n`)
  }
  const log = textLog(options.verbose ? 'debug' : parseLogLevel(env.HEARTH_LOG), say)
  const home = chooseHome(options.home, env).value
  const json = options.json ?? false
  return {
    home,
    json,
    signal,
    log,
    env,
    say,
    now: systemNow,
    print(data, text) {
      const shown = json ? JSON.stringify(data, null, 2) : text()
      if (shown !== '') process.stdout.write(`${shown}\n`)
    },
    async connect(connectOptions = {}) {
      const { connect } = await import('./connection/connect.ts')
      return connect(home, { ...connectOptions, signal, log, env })
    },
  }
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}
