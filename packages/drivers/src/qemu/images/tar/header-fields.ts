import { damagedArchive, refusedEntry } from './damaged.ts'
import { type ByteString, type EntryKind, shown } from './entry.ts'

/** One 512-byte header as it stands, before extended headers are applied. */
export interface RawHeader {
  readonly typeFlag: string
  readonly path: ByteString
  readonly target: ByteString
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
  readonly mtimeS: number
  readonly deviceMajor: number
  readonly deviceMinor: number
}

/**
 * Parses a header block (IEEE 1003.1 ustar, and the GNU form with numbers in base 256).
 * @throws HearthError `driver_misconfigured` when it is damaged
 */
export function parseHeader(block: Buffer, position: number): RawHeader {
  const where = `byte ${position}`
  checkSum(block, where)
  const magic = block.toString('latin1', 257, 263)
  const isUstar = magic === 'ustar\0'
  if (!isUstar && magic !== 'ustar ') throw damagedArchive(where, 'its header is of no known kind')
  const prefix = isUstar ? text(block, 345, 155) : ''
  const name = text(block, 0, 100)
  const path = prefix === '' ? name : `${prefix}/${name}`
  const field = (label: string, at: number, bytes: number) => number(block, at, bytes, `${shown(path)} (${label})`)
  const isDevice = block[156] === 0x33 || block[156] === 0x34
  return {
    typeFlag: String.fromCharCode(block[156] ?? 0),
    path,
    target: text(block, 157, 100),
    mode: field('mode', 100, 8) & 0o7777,
    uid: field('owner', 108, 8),
    gid: field('group', 116, 8),
    sizeBytes: field('size', 124, 12),
    mtimeS: field('time', 136, 12),
    deviceMajor: isDevice ? field('device', 329, 8) : 0,
    deviceMinor: isDevice ? field('device', 337, 8) : 0,
  }
}

/** The kind that a type flag stands for. @throws HearthError `driver_misconfigured` for kinds that no image holds */
export function entryKind(typeFlag: string, path: ByteString): EntryKind {
  switch (typeFlag) {
    case '0':
    case '\0':
    case '7':
      // Very old archives mark a directory by the slash at its end alone.
      return path.endsWith('/') ? 'directory' : 'file'
    case '1':
      return 'hardlink'
    case '2':
      return 'symlink'
    case '3':
      return 'character'
    case '4':
      return 'block'
    case '5':
      return 'directory'
    case '6':
      return 'fifo'
    case 'S':
      throw refusedEntry(shown(path), 'it is stored as a sparse file', 'Make the archive without "--sparse".')
    default:
      throw refusedEntry(
        shown(path),
        `its type ${JSON.stringify(typeFlag)} is unknown`,
        'Make the archive with "tar --format=pax".',
      )
  }
}

function checkSum(block: Buffer, where: string): void {
  let sum = 8 * 0x20
  for (const [index, byte] of block.entries()) if (index < 148 || index >= 156) sum += byte
  if (number(block, 148, 8, where) !== sum) throw damagedArchive(where, 'the check sum of its header is wrong')
}

/** Up to the first NUL. */
function text(block: Buffer, at: number, bytes: number): ByteString {
  const field = block.toString('latin1', at, at + bytes)
  const end = field.indexOf('\0')
  return end < 0 ? field : field.slice(0, end)
}

/** Octal digits, or GNU's base 256 when the first bit is set. */
function number(block: Buffer, at: number, bytes: number, where: string): number {
  const first = block[at] ?? 0
  if (first === 0x80 || first === 0xff) {
    // Negative ones (0xff) are times before 1970, which become 1970.
    const value = BigInt(`0x${block.toString('hex', at + 1, at + bytes)}`)
    if (first === 0xff) return 0
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damagedArchive(where, 'a number is too large')
    return Number(value)
  }
  const digits = /^ *([0-7]*)[ \0]*$/.exec(block.toString('latin1', at, at + bytes))?.[1]
  if (digits === undefined) throw damagedArchive(where, 'a number is not octal')
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}
