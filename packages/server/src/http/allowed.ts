import type * as z from 'zod'

type Issue = z.core.$ZodIssue

/** What would have been allowed, in words, for one broken rule of a schema. */
export function allowedBy(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `it must be ${withArticle(issue.expected)}`
    case 'too_small':
      return `at least ${issue.minimum}${unit(issue.origin)}`
    case 'too_big':
      return `at most ${issue.maximum}${unit(issue.origin)}`
    case 'invalid_value':
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`
    case 'unrecognized_keys':
      return 'there is no such field'
    case 'invalid_union':
      return issue.message === 'Invalid input' ? firstOf(issue) : issue.message
    case 'invalid_format':
      return issue.format === 'regex' ? issue.message : `it must be ${issue.format}`
    case 'invalid_key':
      return issue.issues[0] === undefined ? issue.message : allowedBy(issue.issues[0])
    case 'invalid_element':
    case 'not_multiple_of':
    case 'custom':
      return issue.message
  }
}

function firstOf(issue: z.core.$ZodIssueInvalidUnion): string {
  const first = issue.errors.flat()[0]
  return first === undefined ? issue.message : allowedBy(first)
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters'
  if (origin === 'array' || origin === 'set') return ' entries'
  return ''
}

function withArticle(kind: string): string {
  const words: Record<string, string> = { int: 'a whole number', array: 'a list', object: 'an object', record: 'an object' }
  return words[kind] ?? (/^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`)
}
