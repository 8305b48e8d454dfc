import type { BuildOptions } from '@hearth/sdk'
import { usageError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { parseVariables } from '../input/pairs.ts'
import { parseTemplateSource } from '../input/template-source.ts'
import { withProgress } from '../output/progress.ts'

export interface TemplateBuildOptions {
  readonly vcpus?: number | undefined
  readonly memory?: number | undefined
  readonly disk?: number | undefined
  readonly env?: readonly string[] | undefined
  readonly readyPort?: number | undefined
  readonly readyLog?: string | undefined
  readonly readyCommand?: string | undefined
  readonly readyTimeout?: number | undefined
  readonly egress: 'none' | 'open' | 'allow-list'
  readonly cache: boolean
}

/** `hearth template build NAME SOURCE`: prints the template's reference. */
export async function templateBuild(
  context: Context,
  name: string,
  source: string,
  start: readonly string[],
  options: TemplateBuildOptions,
): Promise<void> {
  const spec = buildSpec(context, start, options)
  const from = parseTemplateSource(source)
  const hearth = await context.connect()
  const template = await withProgress(context, `building ${name}`, (report) =>
    hearth.templates.build(name, from, { ...spec, signal: context.signal, onProgress: ({ step, share }) => report(step, share) }),
  )
  context.print(template, () => template.ref)
}

function buildSpec(context: Context, start: readonly string[], options: TemplateBuildOptions): BuildOptions {
  const ready = readyCheck(options)
  if (ready && start.length === 0) throw usageError('a ready check needs a start command', 'Write it behind "--".')
  return {
    resources: {
      ...(options.vcpus === undefined ? {} : { vcpus: options.vcpus }),
      ...(options.memory === undefined ? {} : { memoryMiB: options.memory }),
      ...(options.disk === undefined ? {} : { diskMiB: options.disk }),
    },
    env: parseVariables('--env', options.env, context.env),
    ...(start.length === 0 ? {} : { start: [...start] }),
    ...(ready ? { ready } : {}),
    ...(options.readyTimeout === undefined ? {} : { readyTimeoutMs: options.readyTimeout }),
    egress: options.egress,
    noCache: !options.cache,
  }
}

function readyCheck({ readyPort, readyLog, readyCommand }: TemplateBuildOptions): BuildOptions['ready'] {
  if (readyPort !== undefined) return { port: readyPort }
  if (readyLog !== undefined) return { log: readyLog }
  if (readyCommand === undefined) return undefined
  if (!readyCommand.startsWith('[')) return { command: ['sh', '-c', readyCommand] }
  try {
    const command: unknown = JSON.parse(readyCommand)
    if (Array.isArray(command) && command.every((word) => typeof word === 'string')) return { command }
  } catch (error) {
    throw usageError(`--ready-command: ${readyCommand} is not JSON: ${(error as Error).message}`)
  }
  throw usageError(`--ready-command: ${readyCommand} is not a JSON array of strings`)
}
