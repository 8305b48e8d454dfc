import { HearthError } from '@hearth/model'
import type * as z from 'zod'
import { wrongInput } from '../validation.ts'

/** A text message of a client as `schema` knows it. @throws HearthError `invalid_input` */
export function readMessage<T>(schema: z.ZodType<T>, text: string): T {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch (error) {
    throw new HearthError('invalid_input', 'the message is not JSON', { cause: error })
  }
  const result = schema.safeParse(message)
  if (!result.success) throw wrongInput(result.error.issues, message, 'message')
  return result.data
}
