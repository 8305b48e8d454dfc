import { damagedArchive } from './damaged.ts'
import type { ByteString } from './entry.ts'

/**
 * Parses the body of an extended header: records of `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record
 * (IEEE 1003.1, pax). Values may hold any byte.
 */
export function parsePaxRecords(body: Buffer, where: string): Map<string, ByteString> {
  const records = new Map<string, ByteString>()
  let at = 0
  while (at < body.length) {
    const space = body.indexOf(0x20, at)
    const digits = space < 0 ? '' : body.toString('latin1', at, space)
    if (!/^[1-9][0-9]{0,7}$/.test(digits)) throw damagedArchive(where, 'an extended header has no length')
    const end = at + Number(digits)
    const record = body.toString('latin1', space + 1, end - 1)
    const equals = record.indexOf('=')
    if (end > body.length || body[end - 1] !== 0x0a || equals < 1) throw damagedArchive(where, 'an extended header is cut off')
    records.set(record.slice(0, equals), record.slice(equals + 1))
    at = end
  }
  return records
}
