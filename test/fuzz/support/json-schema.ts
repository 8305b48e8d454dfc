/** What the description of the API uses of JSON Schema 2020-12. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly propertyNames?: Schema
  readonly items?: Schema
  readonly prefixItems?: readonly Schema[]
  readonly minItems?: number
  readonly maxItems?: number
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly format?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly default?: unknown
}

export type Schemas = Readonly<Record<string, Schema>>

/** The schema that is meant, where it is named elsewhere. */
export function resolved(schema: Schema, named: Schemas): Schema {
  if (schema.$ref === undefined) return schema
  const meant = named[schema.$ref.split('/').at(-1) ?? '']
  if (meant === undefined) throw new Error(`${schema.$ref} is described nowhere`)
  return resolved(meant, named)
}
