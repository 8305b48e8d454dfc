import type * as api from '@hearth/protocol'
import { expect, it } from 'vitest'
import type * as own from './messages.ts'

/** What fits both ways is the same. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

it('has the words of the server for what travels over WebSockets; the compiler is the judge', () => {
  const same: [
    // The server's own are arrays that may be written to.
    [api.ExecStart] extends [own.ExecStart] ? true : false,
    Same<own.ExecAttach, api.ExecAttach>,
    Same<own.ExecControl, api.ExecControl>,
    Same<own.ExecEvent, api.ExecEvent>,
    Same<own.DialControl, api.DialControl>,
    Same<own.DialEvent, api.DialEvent>,
  ] = [true, true, true, true, true, true]
  const start: own.ExecStart = { argv: ['true'] }
  expect([same.length, start satisfies api.ExecStart]).toEqual([6, { argv: ['true'] }])
})
