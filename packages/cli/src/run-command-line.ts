import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { Interrupted } from './cli-error.ts'
import type { SharedOptions } from './context.ts'
import { createContext } from './create-context.ts'
import { completionCommand } from './declare/completion.ts'
import { exitCodeOf, exitCodes, stopSignals } from './exit-codes.ts'
import { createProgram } from './program.ts'

/** One run of the command line. */
interface Run {
  readonly argv: readonly string[]
  readonly signal: AbortSignal
  /** What was called, `hearth snapshot list`. */
  command: string
  /** Failures are told as JSON; known once the options are. */
  asJson: boolean
}

/** Runs one command line and resolves to the exit code. */
export async function runCommandLine(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const run: Run = { argv, signal: interruption(), command: 'hearth', asJson: false }
  stopWhenNobodyReads()
  let exitCode: number = exitCodes.done
  const program = createProgram(version(), async (options, action) => {
    run.asJson = options.json ?? false
    exitCode = (await action(createContext(options, env, run))) ?? exitCodes.done
  })
  run.command = commandName(program as unknown as Command, argv.slice(2))
  try {
    if (argv[2] === 'completion' || argv[2] === 'complete') {
      const { addCompletion } = await import('./completion/add-completion.ts')
      await addCompletion(program as unknown as Command, argv.slice(2), createContext(sharedOptionsIn(argv), env, run))
    } else program.addCommand(completionCommand())
    await program.parseAsync(argv)
    return exitCode
  } catch (error) {
    const code = await failureCode(error, run)
    // Only `exec` passes a program's code through, so its own failures need one of their own.
    return argv[2] === 'exec' && code !== exitCodes.done && !run.signal.aborted ? exitCodes.execFailed : code
  }
}

/** The server and the namespace that a line names which is still being typed. */
function sharedOptionsIn(words: readonly string[]): SharedOptions {
  const behind = (...names: string[]) => words[words.findIndex((word) => names.includes(word)) + 1]
  const named = (...names: string[]) => (words.some((word) => names.includes(word)) ? behind(...names) : undefined)
  return {
    server: named('--server'),
    home: named('--home'),
    apiKey: named('--api-key'),
    namespace: named('-n', '--namespace'),
  }
}

async function failureCode(error: unknown, { signal, asJson, command }: Run): Promise<number> {
  if (signal.aborted && signal.reason instanceof Interrupted) return exitCodeOf(signal.reason.signal)
  const { CommanderError } = await import('commander')
  // Commander has said what it had to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  const { errorData, errorText, exitCodeOfError } = await import('./output/report-error.ts')
  process.stderr.write(`${asJson ? JSON.stringify(errorData(error, command)) : errorText(error, command)}\n`)
  return exitCodeOfError(error)
}

function commandName(command: Command, words: readonly string[]): string {
  const next = command.commands.find((candidate) => candidate.name() === words[0])
  return next ? `${command.name()} ${commandName(next, words.slice(1))}` : command.name()
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

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}
