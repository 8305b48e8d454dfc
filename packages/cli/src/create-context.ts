import { systemNow } from './clock.ts'
import { chooseHome } from './connection/home.ts'
import { chooseTarget } from './connection/target.ts'
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
  const target = chooseTarget(options, options.local ? { ...env, HEARTH_SERVER: undefined } : env)
  const namespace = options.namespace || env.HEARTH_NAMESPACE || 'default'
  const json = options.json ?? false
  const connecting = { target, namespace, signal, log, env }
  return {
    command,
    home: target.kind === 'home' ? target.home : chooseHome(undefined, env),
    target,
    namespace,
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
      return connect({ ...connecting, ...connectOptions })
    },
    async connectIfRunning() {
      const { connectIfRunning } = await import('./connection/connect.ts')
      return connectIfRunning(connecting)
    },
  }
}
