import { HearthError, isHearthError, messageOf } from '@hearth/model'

/**
 * Classes and codes (PostgreSQL, appendix A) of what passes by itself: no connection, no resources, an administrator at work,
 * a statement that took too long, a server that only reads.
 */
const passing = /^(08...|53...|57...|28...|3D...|25006|55P03|40...|58...)$/
const cutOff = /^(ECONN|EPIPE|ENOENT|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOST|ENET)/
const cutOffWords = /connection terminated|connection error|timeout|not queryable|client was closed/i

/** What became of the database server, as an error that may be tried again; anything else as it is. */
export function unavailable(error: unknown): unknown {
  if (isHearthError(error) || !isPassing(error)) return error
  return new HearthError('store_unavailable', `the state database does not answer: ${wordsOf(error)}`, {
    hint: 'It may be restarting: try again in a moment.',
    cause: error,
  })
}

/** Whether the connection is of no more use. */
export function isCutOff(error: unknown): boolean {
  const code = codeOf(error)
  return code === undefined ? cutOffWords.test(messageOf(error)) : cutOff.test(code) || /^(08|57P)/.test(code)
}

/** Two commits stood in each other's way and this one gave way; nothing of it was done. */
export function gaveWay(error: unknown): boolean {
  return ['40001', '40P01'].includes(codeOf(error) ?? '')
}

export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return error.code
}

/** Node tries several addresses and reports all of them without a message of its own. */
export function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return messageOf(error)
}

function isPassing(error: unknown): boolean {
  return passing.test(codeOf(error) ?? '') || isCutOff(error)
}
