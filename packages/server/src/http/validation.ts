import { HearthError, invalidInput } from '@hearth/model'
import type { FastifySchemaCompiler } from 'fastify'
import type * as z from 'zod'
import { allowedBy } from './allowed.ts'

type Issue = z.core.$ZodIssue
const places: Readonly<Record<string, string>> = { querystring: 'query', params: 'path', headers: 'header' }

/** Checks a part of a request; what is wrong becomes `invalid_input` naming field, value and what is allowed. */
export const validateRequest: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart = 'body' }) => {
  return (input) => {
    const result = schema.safeParse(input)
    return result.success ? { value: result.data } : { error: wrongInput(result.error.issues, input, places[httpPart] ?? 'body') }
  }
}

/** The error for what a schema found wrong with `input`; `place` names the whole. */
export function wrongInput(issues: readonly Issue[], input: unknown, place: string): HearthError {
  const [issue] = issues
  if (issue === undefined) return new HearthError('invalid_input', `${place} is not what is expected here`)
  if (input === undefined || input === null) return new HearthError('invalid_input', `the ${place} is missing`)
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path
  const field = path.length === 0 ? place : path.join('.')
  const value = at(input, path)
  const allowed = allowedBy(issue)
  const details = {
    field,
    allowed,
    issues: issues.slice(0, 20).map((one) => ({ field: one.path.join('.'), allowed: allowedBy(one) })),
  }
  if (value === undefined) return new HearthError('invalid_input', `${field} is missing; ${allowed}`, { details })
  return new HearthError('invalid_input', invalidInput(field, shown(value), allowed).message, { details })
}

function at(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<PropertyKey, unknown>)[key]
  }
  return value
}

function shown(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (error instanceof RangeError) return 'what is nested so deeply'
    throw error
  }
}
