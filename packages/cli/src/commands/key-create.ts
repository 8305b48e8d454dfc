import type { Context } from '../context.ts'
import { newKeyText } from '../output/key-text.ts'

export interface KeyCreateOptions {
  readonly scope: 'read' | 'use' | 'admin'
  readonly format: 'hearth' | 'e2b'
  readonly in?: readonly string[] | undefined
  readonly everywhere?: true | undefined
  readonly ttl?: number | undefined
  readonly requestsPerMinute?: number | undefined
}

/** `hearth key create NAME` */
export async function keyCreate(context: Context, name: string, options: KeyCreateOptions): Promise<void> {
  const { scope, format, ttl, requestsPerMinute } = options
  const { keys } = await context.connect()
  const made = await keys.create(name, {
    scope,
    format,
    namespaces: options.everywhere ? '*' : [...(options.in ?? [context.namespace])],
    ...(ttl !== undefined && { ttlMs: ttl }),
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
    signal: context.signal,
  })
  context.print(made, () => made.key)
  context.say(newKeyText(made))
}
