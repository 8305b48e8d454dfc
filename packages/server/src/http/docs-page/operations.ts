/** One operation of the API, as the page tells of it. */
export interface Operation {
  readonly method: string
  readonly path: string
  /** The same in a namespace. */
  readonly also?: string
  readonly id: string
  readonly summary: string
  /** The scope that a key must have, and where; absent where no key is needed. */
  readonly needs?: string
  readonly parameters: readonly {
    readonly name: string
    readonly place: string
    readonly about: string
    readonly required: boolean
  }[]
  readonly body?: string
  /** By status. */
  readonly answers: readonly (readonly [string, string])[]
}

interface Described {
  readonly operationId?: string
  readonly summary?: string
  readonly 'x-needs'?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly {
    name: string
    in: string
    description?: string
    required?: boolean
    schema?: { description?: string }
  }[]
  readonly requestBody?: { content?: Record<string, { schema?: unknown }> }
  readonly responses?: Record<string, { content?: Record<string, { schema?: unknown }> }>
}

const inNamespace = '/v1/namespaces/{namespace}'

/** The operations of an OpenAPI document by their tag. What exists twice, here and in a namespace, is told once. */
export function operationsByTag(document: { readonly paths: object }): Map<string, Operation[]> {
  const groups = new Map<string, Operation[]>()
  const paths = document.paths as Record<string, Record<string, Described>>
  for (const [path, item] of Object.entries(paths)) {
    const short = path.startsWith(`${inNamespace}/`) ? `/v1${path.slice(inNamespace.length)}` : undefined
    for (const [method, described] of Object.entries(item)) {
      if (short !== undefined && paths[short]?.[method]) continue
      const twin = `${inNamespace}${path.slice('/v1'.length)}`
      const also = paths[twin]?.[method] ? twin : undefined
      const tag = described.tags?.[0] ?? 'system'
      groups.set(tag, [...(groups.get(tag) ?? []), operation(method, path, described, also)])
    }
  }
  return groups
}

function operation(method: string, path: string, described: Described, also: string | undefined): Operation {
  const body = schemaOf(described.requestBody?.content)
  const answers = Object.entries(described.responses ?? {}).flatMap(([status, { content }]) => {
    const schema = schemaOf(content)
    return schema === undefined ? [] : [[`Answer ${status}`, schema] as const]
  })
  return {
    method: method.toUpperCase(),
    path,
    ...(also !== undefined && { also }),
    id: described.operationId ?? `${method}-${path}`,
    summary: described.summary ?? '',
    ...(described['x-needs'] !== undefined && { needs: described['x-needs'] }),
    parameters: (described.parameters ?? []).map((one) => ({
      name: one.name,
      place: one.in,
      about: one.description ?? one.schema?.description ?? '',
      required: one.required ?? false,
    })),
    ...(body !== undefined && { body }),
    answers,
  }
}

function schemaOf(content: Record<string, { schema?: unknown }> | undefined): string | undefined {
  const schema = Object.values(content ?? {})[0]?.schema
  return schema === undefined ? undefined : JSON.stringify(schema, null, 1)
}
