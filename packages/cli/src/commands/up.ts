import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { CliError } from '../cli-error.ts'
import { socketPathOf } from '../connection/home.ts'
import { isListening } from '../connection/is-listening.ts'
import { serverProgram } from '../connection/server-program.ts'
import type { Context } from '../context.ts'

/** What the server says when it is ready. */
interface Ready {
  readonly socket: string
  readonly url?: string
}

/** `hearth up`: the server in the foreground; resolves to its exit code. Ctrl-C asks it to end, and machines go on. */
export async function up(context: Context, listen: string | undefined): Promise<number> {
  if (await isListening(socketPathOf(context.home))) {
    throw new CliError(`a server already runs for ${context.home}`, {
      hint: 'See it with "hearth server status"; end it with "hearth server stop".',
    })
  }
  await mkdir(context.home, { recursive: true, mode: 0o700 })
  const flags = ['--home', context.home, '--ready-fd', '3', ...(listen === undefined ? [] : ['--listen', listen])]
  const server = spawn(process.execPath, [...serverProgram(), ...flags], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    // A group of its own: Ctrl-C comes to it once, from here, and not also from the terminal.
    detached: true,
    env: { ...context.env, HEARTH_HOME: context.home },
  })
  const stop = () => server.kill('SIGTERM')
  context.signal.addEventListener('abort', stop, { once: true })
  if (context.signal.aborted) stop()
  tellWhenReady(context, server)
  const [code, signal] = await once(server, 'exit')
  if (signal !== null) throw new CliError(`the server was ended by ${signal}`)
  return Number(code)
}

/** Says where the server answers, and with which key. */
function tellWhenReady(context: Context, server: ChildProcess): void {
  const lines = createInterface({ input: server.stdio[3] as Readable })
  lines.once('line', (line) => {
    const { socket, url } = JSON.parse(line) as Ready
    context.say(`ready: hearth commands with this home need no key (${socket})`)
    const key = join(context.home, 'keys/admin')
    if (url !== undefined) {
      context.say(`       ${url} needs one: export HEARTH_SERVER=${url}`)
      context.say(
        existsSync(key)
          ? `       export HEARTH_API_KEY_FILE=${key}, or make another: hearth key create NAME`
          : '       make one: hearth key create NAME',
      )
    }
    context.say('       Ctrl-C ends the server and drains its pools; machines that somebody has go on')
    lines.close()
  })
}
