import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { CliError } from '../cli-error.ts'
import { socketPathOf } from '../connection/home.ts'
import { isListening } from '../connection/is-listening.ts'
import { serverProgram } from '../connection/server-program.ts'
import type { Context } from '../context.ts'

/** `hearth up`: the server in the foreground; resolves to its exit code. Ctrl-C asks it to end, and machines go on. */
export async function up(context: Context, listen: string | undefined): Promise<number> {
  if (await isListening(socketPathOf(context.home))) {
    throw new CliError(`a server already runs for ${context.home}`, {
      hint: 'See it with "hearth server status"; end it with "hearth server stop".',
    })
  }
  await mkdir(context.home, { recursive: true, mode: 0o700 })
  const flags = ['--home', context.home, ...(listen === undefined ? [] : ['--listen', listen])]
  const server = spawn(process.execPath, [...serverProgram(), ...flags], {
    stdio: 'inherit',
    // A group of its own: Ctrl-C comes to it once, from here, and not also from the terminal.
    detached: true,
    env: { ...context.env, HEARTH_HOME: context.home },
  })
  const stop = () => server.kill('SIGTERM')
  context.signal.addEventListener('abort', stop, { once: true })
  if (context.signal.aborted) stop()
  const [code, signal] = await once(server, 'exit')
  if (signal !== null) throw new CliError(`the server was ended by ${signal}`)
  return Number(code)
}
