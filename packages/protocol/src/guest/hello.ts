import type { GuestHello } from '@hearth/model'
import type { FieldList } from '../fields/field-list.ts'
import { guestProtocol } from './guest-errors.ts'
import type { methods } from './messages.ts'

type HelloFields = typeof methods.hello.reply extends FieldList<infer T> ? T : never

/** What the agent said of itself. A later protocol only adds to the first. @throws `guest_protocol` */
export function helloOf(fields: HelloFields): GuestHello {
  if (fields.protocol < 1) throw guestProtocol(`protocol version ${fields.protocol}`)
  return fields
}
