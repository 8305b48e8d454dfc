import type { Context } from '../context.ts'
import { parsePairs } from '../input/pairs.ts'

export interface NamespaceOptions {
  readonly label?: readonly string[] | undefined
  readonly snapshotLimit?: number | undefined
  /** `false`: no bound. */
  readonly snapshotBytes?: number | false | undefined
  /** `false`: all. */
  readonly keepLast?: number | false | undefined
}

/** `hearth namespace create NAMESPACE`: prints its name. */
export async function namespaceCreate(context: Context, name: string, options: NamespaceOptions): Promise<void> {
  const { label, snapshotLimit, snapshotBytes, keepLast } = options
  const request = {
    labels: parsePairs('--label', label),
    ...(snapshotLimit === undefined ? {} : { snapshotLimit }),
    ...(typeof snapshotBytes === 'number' ? { snapshotBytesLimit: snapshotBytes } : {}),
    ...(typeof keepLast === 'number' ? { keepLast } : {}),
    signal: context.signal,
  }
  const hearth = await context.connect()
  const namespace = await hearth.namespaces.create(name, request)
  context.print(namespace, () => namespace.name)
}
