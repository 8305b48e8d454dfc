import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CliError } from '../cli-error.ts'
import { serverProgram } from '../connection/server-program.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { table } from '../output/table.ts'

const run = promisify(execFile)

interface Setting {
  readonly name: string
  readonly value: string | null
  readonly origin: string
}

/** `hearth config show`: the settings that a server of this home would start with. None needs to run, and none is started. */
export async function configShow(context: Context, homeFlag: string | undefined): Promise<void> {
  const settings = await askServerProgram(context, homeFlag)
  context.print(settings, () =>
    table(
      ['SETTING', 'VALUE', 'ORIGIN'],
      settings.map(({ name, value, origin }) => [name, value ?? '-', origin]),
    ),
  )
}

async function askServerProgram({ home, env, signal }: Context, homeFlag: string | undefined): Promise<Setting[]> {
  const flags = homeFlag ? ['--home', home] : []
  // As it is used here: absolute.
  const itsEnv = { ...env, ...(env.HEARTH_HOME ? { HEARTH_HOME: home } : {}) }
  try {
    const { stdout } = await run(process.execPath, [...serverProgram(), '--show-config', ...flags], { env: itsEnv, signal })
    return JSON.parse(stdout) as Setting[]
  } catch (error) {
    signal.throwIfAborted()
    const { stderr } = error as { stderr?: string }
    if (!stderr) throw error
    throw new CliError(stderr.trim().replace(/^hearth server: /, ''), {
      exitCode: exitCodes.usage,
      hint: 'Correct that setting; docs/reference/config.md has all of them.',
    })
  }
}
