import { readFileSync } from 'node:fs'
import { type ErrorCode, errorStatus, HearthError } from '@hearth/model'
import { problemSchema } from '@hearth/protocol'
import { expect, it } from 'vitest'
import { problemOf, problemTitles } from './problem.ts'

const codes = Object.keys(errorStatus) as ErrorCode[]
const page = readFileSync(new URL('../../../../docs/reference/errors.md', import.meta.url), 'utf8')

it.each(codes)('shows %s as problem details, with the status that the documentation tells', (code) => {
  const problem = problemOf(new HearthError(code, 'what happened', { hint: 'what to do', details: { field: 'x' } }))
  expect(problem).toEqual({
    type: `urn:hearth:error:${code}`,
    title: problemTitles[code],
    status: errorStatus[code],
    code,
    detail: 'what happened',
    hint: 'what to do',
    details: { field: 'x' },
  })
  expect(problemSchema.parse(problem)).toEqual(problem)
  expect(page).toMatch(new RegExp(`^### \`${code}\`\nStatus ${errorStatus[code]}\\.`, 'm'))
})

it('has other words for every code', () => {
  expect(new Set(Object.values(problemTitles)).size).toBe(codes.length)
})

it.each([new TypeError('x is undefined'), 'a string', undefined])('shows %s as internal', (error) => {
  expect(problemOf(error)).toMatchObject({ code: 'internal', status: 500 })
})
