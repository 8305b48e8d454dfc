import type { ExecInfo } from '@hearth/model'
import type { FieldList } from '../fields/field-list.ts'
import type { methods } from './messages.ts'

type ExecsFields = typeof methods.execs.reply extends FieldList<infer T> ? T : never

/** The processes of a guest, as it lists them. */
export function execInfos(fields: ExecsFields): ExecInfo[] {
  return fields.execs.map(({ code, signal, tag, ...one }) => ({
    ...one,
    ...(tag === undefined ? {} : { tag }),
    ...(code === undefined ? {} : { exit: signal === undefined ? { code } : { code, signal } }),
  }))
}
