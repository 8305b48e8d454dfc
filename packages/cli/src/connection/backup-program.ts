import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { serverProgram } from './server-program.ts'

const run = promisify(execFile)
/** Of what it says: a long list of missing files. */
const longestAnswerBytes = 64 * 1024 * 1024

/** Runs the program that reads and writes backups, beside a server that may run. @throws CliError with what it says is wrong */
export async function backupProgram<Answer>({ env, home, signal }: Context, args: readonly string[]): Promise<Answer> {
  const argv = [...serverProgram('backup'), ...args, '--home', home]
  const stdout = await run(process.execPath, argv, { env, signal, maxBuffer: longestAnswerBytes }).then(
    (done) => done.stdout,
    (error: { stdout?: string }) => {
      signal.throwIfAborted()
      if (!error.stdout) throw error
      return error.stdout
    },
  )
  const answer = JSON.parse(stdout) as Answer | { error: string; hint?: string }
  if (typeof answer === 'object' && answer !== null && 'error' in answer) {
    throw new CliError(answer.error, answer.hint === undefined ? {} : { hint: answer.hint })
  }
  return answer
}
