import type { Machine } from '@hearth/sdk'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { type LaunchFlags, launchOptions } from '../input/launch-options.ts'
import { withProgress } from '../output/progress.ts'
import { duration } from '../output/units.ts'

export interface LaunchCommandOptions extends LaunchFlags {
  readonly boot: 'auto' | 'warm' | 'restored' | 'cold'
  readonly vcpus?: number | undefined
  readonly memory?: number | undefined
  readonly disk?: number | undefined
  readonly giveUp?: number | undefined
  readonly idempotencyKey?: string | undefined
}

/** `hearth launch TEMPLATE`: prints the machine's id, so that scripts can take it. */
export async function launch(context: Context, template: string, options: LaunchCommandOptions): Promise<void> {
  const resources = {
    ...(options.vcpus === undefined ? {} : { vcpus: options.vcpus }),
    ...(options.memory === undefined ? {} : { memoryMiB: options.memory }),
    ...(options.disk === undefined ? {} : { diskMiB: options.disk }),
  }
  const shared = await launchOptions(context, options)
  const hearth = await context.connect()
  const limit = options.giveUp === undefined ? undefined : AbortSignal.timeout(options.giveUp)
  const request = {
    boot: options.boot,
    ...(Object.keys(resources).length === 0 ? {} : { resources }),
    ...shared,
    idempotencyKey: options.idempotencyKey,
    signal: limit ? AbortSignal.any([context.signal, limit]) : context.signal,
  }
  try {
    printLaunched(context, await withProgress(context, `launching ${template}`, () => hearth.launch(template, request)))
  } catch (error) {
    if (!limit?.aborted || context.signal.aborted) throw error
    const hint = 'Give it more time with --give-up, or see what "hearth doctor" says about acceleration.'
    throw new CliError(`no machine of ${template} within ${duration(options.giveUp ?? 0)}; nothing is left of it`, {
      hint,
      cause: error,
    })
  }
}

/** The id on stdout; how it was served on stderr. */
function printLaunched(context: Context, machine: Machine): void {
  context.print(machine.data, () => machine.id)
  if (!context.json) tellBoot(context, machine)
}

/** How a machine was served, and why not better. */
export function tellBoot(context: Context, machine: Machine): void {
  const { id, name, boot } = machine.data
  if (!boot) return
  const why = boot.reasons.map(({ code }) => code).join(', ')
  context.say(`${name ?? id} is ${boot.method} in ${duration(boot.totalMs)}${why === '' ? '' : ` (${why})`}`)
}
