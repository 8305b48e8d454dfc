import type { Engine, NamespaceEngine } from '@hearth/engine'
import { nameField } from '@hearth/protocol'
import * as z from 'zod'

/** Where the routes of one namespace's things are: the short paths are those of the namespace `default`. */
export interface Mount {
  readonly prefix: '/v1' | '/v1/namespaces/:namespace'
  /** The operation's name at this place; no two are the same. */
  operation(id: string): string
  /** A schema of the path's parameters. */
  params<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape & NamespaceShape>
}

type NamespaceShape = { namespace: z.ZodOptional<z.ZodString> }

export const shortMount: Mount = {
  prefix: '/v1',
  operation: (id) => id,
  params: (shape) => z.object(shape) as never,
}

export const namespaceMount: Mount = {
  prefix: '/v1/namespaces/:namespace',
  operation: (id) => `${id}InNamespace`,
  params: (shape) => z.object({ namespace: nameField, ...shape }) as never,
}

/** The part of the engine that a request is about. @throws HearthError `invalid_input` */
export function engineOf(engine: Engine, { namespace }: { readonly namespace?: string | undefined }): NamespaceEngine {
  return namespace === undefined ? engine : engine.in(namespace)
}

/** For lists, which are empty where nothing is. @throws HearthError `namespace_not_found` */
export async function mustExist(engine: Engine, { namespace }: { readonly namespace?: string | undefined }): Promise<void> {
  if (namespace !== undefined) await engine.namespaces.get(namespace)
}

/** Where a machine, snapshot or template is found, for the header Location. */
export function locationOf(kind: 'machines' | 'snapshots', row: { readonly namespace: string; readonly id: string }): string {
  return row.namespace === 'default' ? `/v1/${kind}/${row.id}` : `/v1/namespaces/${row.namespace}/${kind}/${row.id}`
}
