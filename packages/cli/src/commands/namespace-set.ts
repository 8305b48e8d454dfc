import { usageError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { parsePairs } from '../input/pairs.ts'
import { namespaceText } from '../output/namespace-text.ts'
import type { NamespaceOptions } from './namespace-create.ts'

/** `hearth namespace set NAMESPACE` */
export async function namespaceSet(context: Context, name: string, options: NamespaceOptions): Promise<void> {
  const { label, snapshotLimit, snapshotBytes, keepLast } = options
  const changes = {
    ...(label === undefined ? {} : { labels: parsePairs('--label', label) }),
    ...(snapshotLimit === undefined ? {} : { snapshotLimit }),
    ...(snapshotBytes === undefined ? {} : { snapshotBytesLimit: snapshotBytes === false ? null : snapshotBytes }),
    ...(keepLast === undefined ? {} : { keepLast: keepLast === false ? null : keepLast }),
  }
  if (Object.keys(changes).length === 0) {
    throw usageError('what is to be changed?', 'Name --label, --snapshot-limit, --snapshot-bytes or --keep-last.')
  }
  const hearth = await context.connect()
  const namespace = await hearth.namespaces.update(name, { ...changes, signal: context.signal })
  context.print(namespace, () => namespaceText(namespace))
}
