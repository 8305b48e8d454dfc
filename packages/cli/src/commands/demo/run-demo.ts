import { CliError } from '../../cli-error.ts'
import type { Context } from '../../context.ts'

export interface DemoOptions {
  /** The image source; absent: the Debian template of the demo. */
  readonly template?: string | undefined
  /** How many clones. */
  readonly forks: number
  /** Where the data is written too. */
  readonly jsonFile?: string | undefined
}

/** Builds, boots, snapshots, restores and forks a real machine. Resolves to the exit code: 0 only when every proof held. */
export async function runDemo(_context: Context, _options: DemoOptions): Promise<number> {
  throw new CliError('the demo is not there yet')
}
