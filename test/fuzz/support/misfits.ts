import { resolved, type Schema, type Schemas } from './json-schema.ts'

type Fields = Readonly<Record<string, unknown>>

/** Where `value` does not fit `schema`, in words; empty when it does. */
export function misfits(value: unknown, schema: Schema, named: Schemas, path = '$'): string[] {
  const { anyOf, oneOf, allOf, ...own } = resolved(schema, named)
  const found = [...ofType(value, own, path), ...(allOf ?? []).flatMap((one) => misfits(value, one, named, path))]
  const choices = anyOf ?? oneOf
  if (choices !== undefined && !choices.some((one) => misfits(value, one, named, path).length === 0)) {
    found.push(`${path} fits none of ${choices.length} choices`)
  }
  if (found.length > 0) return found
  if (typeof value === 'string') return ofText(value, own, path)
  if (typeof value === 'number') return ofNumber(value, own, path)
  if (Array.isArray(value)) return value.flatMap((one, index) => misfits(one, own.items ?? {}, named, `${path}[${index}]`))
  if (typeof value === 'object' && value !== null) return ofObject(value as Fields, own, named, path)
  return []
}

function ofType(value: unknown, { type, enum: allowed, const: only }: Schema, path: string): string[] {
  if (allowed !== undefined && !allowed.includes(value))
    return [`${path} is ${JSON.stringify(value)}, none of ${allowed.join(', ')}`]
  if (only !== undefined && value !== only) return [`${path} is ${JSON.stringify(value)}, not ${JSON.stringify(only)}`]
  if (type === undefined) return []
  const kinds = typeof type === 'string' ? [type] : type
  return kinds.some((kind) => isOf(value, kind))
    ? []
    : [`${path} is ${JSON.stringify(value)?.slice(0, 80)}, not of type ${kinds.join(' or ')}`]
}

function isOf(value: unknown, kind: string): boolean {
  if (kind === 'null') return value === null
  if (kind === 'array') return Array.isArray(value)
  if (kind === 'integer') return Number.isInteger(value)
  if (kind === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === kind
}

function ofText(value: string, { pattern, minLength = 0, maxLength = Infinity }: Schema, path: string): string[] {
  const isWrong =
    value.length < minLength || value.length > maxLength || (pattern !== undefined && !new RegExp(pattern, 'u').test(value))
  return isWrong ? [`${path} is the text ${JSON.stringify(value).slice(0, 80)}`] : []
}

function ofNumber(value: number, schema: Schema, path: string): string[] {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity } = schema
  return value < minimum || value > maximum || value <= exclusiveMinimum ? [`${path} is ${value}`] : []
}

function ofObject(value: Fields, schema: Schema, named: Schemas, path: string): string[] {
  const { properties = {}, required = [], additionalProperties = true } = schema
  const missing = required.filter((name) => !(name in value)).map((name) => `${path}.${name} is missing`)
  const inside = Object.entries(value).flatMap(([name, one]) => {
    const known = properties[name]
    if (known !== undefined) return misfits(one, known, named, `${path}.${name}`)
    if (additionalProperties === false) return [`${path}.${name} is not described`]
    return additionalProperties === true ? [] : misfits(one, additionalProperties, named, `${path}.${name}`)
  })
  return [...missing, ...inside]
}
