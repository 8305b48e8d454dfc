import { systemNow } from './clock.ts'
import { chooseHome } from './connection/home.ts'
import type { Context, SharedOptions } from './context.ts'
import { parseLogLevel, textLog } from './log.ts'

/** What a command is given, from its options and the environment. @throws CliError when one of them is wrong */
export function createContext(
  options: SharedOptions,
  env: Readonly<Record<string, string | undefined>>,
  { command, signal }: Pick<Context, 'command' | 'signal'>,
): Context {
  const say = (line: string) => {
    process.stderr.write(`${line}\n`)
  }
  const log = textLog(options.verbose ? 'debug' : parseLogLevel(env.HEARTH_LOG), say)
  const home = chooseHome(options.home, env)
  const json = options.json ?? false
  return {
    command,
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
