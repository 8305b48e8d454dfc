import { usageError } from './cli-error.ts'

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof levels)[number]

export type Log = Record<Exclude<LogLevel, 'silent'>, (event: string, fields?: Readonly<Record<string, unknown>>) => void>

/** The level of HEARTH_LOG; without one only warnings are shown. @throws CliError when it is none */
export function parseLogLevel(text: string | undefined): LogLevel {
  if (text === undefined || text === '') return 'warn'
  if ((levels as readonly string[]).includes(text)) return text as LogLevel
  throw usageError(`HEARTH_LOG: "${text}" is not a log level`, `Allowed: ${levels.join(', ')}.`)
}

/** Writes events of `level` and above, one line each. */
export function textLog(level: LogLevel, write: (line: string) => void): Log {
  const lowest = levels.indexOf(level)
  const at =
    (name: LogLevel) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}) => {
      if (levels.indexOf(name) < lowest) return
      write([name, event, ...Object.entries(fields).map(([key, value]) => `${key}=${shown(value)}`)].join(' '))
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function shown(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : (JSON.stringify(value) ?? String(value))
}
