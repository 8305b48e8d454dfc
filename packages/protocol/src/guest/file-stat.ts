import type { FileStat } from '@hearth/model'
import type { FieldList } from '../fields/field-list.ts'
import { guestProtocol } from './guest-errors.ts'
import type { methods } from './messages.ts'

type StatFields = typeof methods.stat.reply extends FieldList<infer T> ? T : never

const kinds = ['file', 'directory', 'symlink', 'other'] as const

/** The number of a file kind on the wire. */
export function fileKindNumber(kind: FileStat['kind']): number {
  return kinds.indexOf(kind)
}

/** What the guest says of a file, checked. @throws `guest_protocol` */
export function fileStat(fields: StatFields): FileStat {
  const kind = kinds[fields.kind]
  if (kind === undefined) throw guestProtocol(`file kind ${fields.kind}`)
  return {
    path: fields.path,
    kind,
    sizeBytes: fields.size,
    mode: fields.mode & 0o7777,
    uid: fields.uid,
    gid: fields.gid,
    mtimeMs: fields.mtimeMs,
    ...(fields.target === undefined ? {} : { target: fields.target }),
  }
}

/** An entry of a listing; its path has to lie below `directory`, since callers may make host paths of it. @throws `guest_protocol` */
export function listedStat(directory: string, fields: StatFields): FileStat {
  const prefix = directory.endsWith('/') ? directory : `${directory}/`
  const parts = fields.path.startsWith(prefix) ? fields.path.slice(prefix.length).split('/') : ['']
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw guestProtocol(`${JSON.stringify(fields.path)} is listed, which is not below ${JSON.stringify(directory)}`)
  }
  return fileStat(fields)
}
