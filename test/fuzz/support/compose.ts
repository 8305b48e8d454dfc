import type { Asked } from './asked.ts'
import type { Chance } from './chance.ts'
import type { Schemas } from './json-schema.ts'
import type { Operation } from './operations.ts'
import type { Wish } from './recipe.ts'
import { validValue } from './valid-values.ts'
import type { Fields } from './world.ts'

/** A request in its parts, before it is written. */
export interface Draft {
  readonly operation: Operation
  path: Record<string, string>
  query: [string, string][]
  headers: Record<string, string>
  json: unknown
  bytes: Buffer | undefined
  endless: boolean
}

/** A request that the server should accept: by chance what the schema allows, but as `wish` says. */
export function composed(operation: Operation, wish: Wish, named: Schemas, key: string, chance: Chance): Draft {
  const path: Record<string, string> = {}
  const query: [string, string][] = []
  const headers: Record<string, string> = { authorization: `Bearer ${key}`, ...wish.headers }
  for (const { name, in: where, required = false, schema } of operation.parameters) {
    if (where === 'path') path[name] = String(wish.path?.[name] ?? (name === 'namespace' ? 'fuzz' : ''))
    const isWished = wish.query !== undefined && name in wish.query
    if (where === 'query' && (isWished || required || chance.odds(0.4))) {
      const value = isWished ? wish.query?.[name] : validValue(schema, named, chance)
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) query.push([name, String(one)])
    }
    if (where === 'header' && chance.odds(0.4)) headers[name] = String(validValue(schema, named, chance)) + chance.word(6, 6)
  }
  const json = operation.body && withWishes(validValue(operation.body, named, chance), wish.body)
  return { operation, path, query, headers, json, bytes: wish.bytes, endless: wish.endless ?? false }
}

function withWishes(value: unknown, wishes: Fields | undefined): unknown {
  if (wishes === undefined) return value
  // JSON knows no undefined: what is wished away is gone.
  return JSON.parse(JSON.stringify({ ...(value as Fields | null), ...wishes })) as unknown
}

/** The draft as a request. */
export function written({ operation, path, query, headers, json, bytes, endless }: Draft): Asked {
  const place = operation.path.replace(/\{([a-z]+)\}/gi, (_whole, name: string) => path[name] ?? '')
  const search = query.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&')
  const { method } = operation
  const whole = { method, path: `${place}${search === '' ? '' : `?${search}`}`, endless }
  if (bytes !== undefined) return { ...whole, headers, body: bytes }
  if (json === undefined) return { ...whole, headers }
  return { ...whole, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(json) }
}

/** What cannot be written in UTF-8 is written as the character that stands for it. */
function escaped(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}
