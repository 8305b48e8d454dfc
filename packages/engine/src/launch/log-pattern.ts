import { createContext, Script } from 'node:vm'
import { HearthError, invalidInput } from '@hearth/model'

/** Longest pattern, in characters. */
const longestPattern = 1024
/** A line is looked at up to here; the guest chooses how long its lines are. */
const longestLine = 4096
/** What one match may take: a pattern that backtracks without end must not stop the server. */
const matchLimitMs = 100

/** Finds a pattern in a stream of output, line by line. */
export interface LogMatcher {
  /** Whether a line of what was fed so far contains the pattern. @throws HearthError `ready_check_failed` when a match takes too long */
  feed(text: string): boolean
}

/**
 * `/…/` (with `i` after it, if wanted) is a regular expression, all else is text to be found as it is.
 * @throws HearthError `invalid_input`
 */
export function compileLogPattern(pattern: string, field = 'ready.log'): () => LogMatcher {
  if (pattern.length === 0 || pattern.length > longestPattern || /[\0\r\n]/.test(pattern)) {
    throw invalidInput(field, pattern, `1 to ${longestPattern} characters on one line`)
  }
  const [, source, flags] = /^\/(.+)\/(i?)$/.exec(pattern) ?? []
  if (source === undefined) return () => lineMatcher((line) => line.includes(pattern))
  const expression = compile(source, flags ?? '', field)
  return () => lineMatcher(boundedTest(expression, pattern))
}

function compile(source: string, flags: string, field: string): RegExp {
  try {
    return new RegExp(source, flags)
  } catch (error) {
    throw invalidInput(
      field,
      source,
      `a JavaScript regular expression (${error instanceof Error ? error.message : 'it does not parse'})`,
    )
  }
}

function lineMatcher(matches: (line: string) => boolean): LogMatcher {
  let open = ''
  return {
    feed(text) {
      const lines = (open + text).split('\n').map((line) => line.slice(0, longestLine))
      open = lines.at(-1) ?? ''
      return lines.some(matches)
    },
  }
}

/** The engine of regular expressions can only be stopped from outside: a script with a time limit. */
function boundedTest(expression: RegExp, shown: string): (line: string) => boolean {
  const sandbox = createContext({ expression, line: '' })
  const script = new Script('expression.test(line)')
  return (line) => {
    sandbox.line = line
    try {
      return script.runInContext(sandbox, { timeout: matchLimitMs }) === true
    } catch (error) {
      throw new HearthError(
        'ready_check_failed',
        `matching ${JSON.stringify(shown)} took longer than ${matchLimitMs} ms on one line`,
        {
          hint: 'Write a pattern without nested repetition, or plain text.',
          cause: error,
        },
      )
    }
  }
}
