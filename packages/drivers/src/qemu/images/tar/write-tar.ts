import type { ByteString, EntryKind, TarEntry, TarMember } from './entry.ts'

const blockBytes = 512
const typeFlags = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
} as const satisfies Record<EntryKind, string>

/**
 * Writes an archive in the POSIX pax format (IEEE 1003.1, "pax Interchange Format"): a plain header where everything fits,
 * an extended one before it where not. The same members give the same bytes.
 * @throws RangeError when a member's content is not as long as its entry says
 */
export async function* writeTar(members: AsyncIterable<TarMember>): AsyncGenerator<Uint8Array> {
  for await (const { entry, content } of members) {
    yield header(entry)
    let written = 0
    for await (const chunk of content) {
      written += chunk.length
      yield chunk
    }
    if (written !== entry.sizeBytes) throw new RangeError(`${entry.path} has ${written} bytes, not ${entry.sizeBytes}`)
    if (written % blockBytes !== 0) yield Buffer.alloc(blockBytes - (written % blockBytes))
  }
  yield Buffer.alloc(2 * blockBytes)
}

function header(entry: TarEntry): Buffer {
  const records = extendedRecords(entry)
  if (records.length === 0) return plainHeader(entry, typeFlags[entry.kind])
  const body = Buffer.from(records, 'latin1')
  const extended = { ...entry, path: 'pax', target: '', sizeBytes: body.length, uid: 0, gid: 0, mtimeS: 0, mode: 0o600 }
  return Buffer.concat([
    plainHeader(extended, 'x'),
    body,
    Buffer.alloc((blockBytes - (body.length % blockBytes)) % blockBytes),
    plainHeader(entry, typeFlags[entry.kind]),
  ])
}

/** What does not fit into the plain header of `entry`, as pax records. */
function extendedRecords(entry: TarEntry): string {
  let records = ''
  if (entry.path.length > 99) records += record('path', entry.path)
  if (entry.target !== undefined && entry.target.length > 100) records += record('linkpath', entry.target)
  if (entry.sizeBytes > 0o77777777777) records += record('size', String(entry.sizeBytes))
  if (entry.uid > 0o7777777) records += record('uid', String(entry.uid))
  if (entry.gid > 0o7777777) records += record('gid', String(entry.gid))
  const names = [...entry.xattrs.keys()].sort()
  for (const name of names) records += record(`SCHILY.xattr.${name}`, entry.xattrs.get(name) ?? '')
  return records
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
function record(key: string, value: ByteString): string {
  const rest = ` ${key}=${value}\n`
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return `${length}${rest}`
}

function plainHeader(entry: TarEntry, typeFlag: string): Buffer {
  const block = Buffer.alloc(blockBytes)
  const path = entry.kind === 'directory' && typeFlag === '5' ? `${entry.path}/` : entry.path
  block.write(path.slice(0, 100), 0, 'latin1')
  octal(block, 100, 8, entry.mode)
  octal(block, 108, 8, entry.uid)
  octal(block, 116, 8, entry.gid)
  octal(block, 124, 12, entry.sizeBytes)
  octal(block, 136, 12, entry.mtimeS)
  block.fill(' ', 148, 156)
  block.write(typeFlag, 156, 'latin1')
  block.write((entry.target ?? '').slice(0, 100), 157, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  octal(block, 329, 8, entry.device?.major ?? 0)
  octal(block, 337, 8, entry.device?.minor ?? 0)
  let sum = 0
  for (const byte of block) sum += byte
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** A number with a NUL behind it; one that does not fit is in the extended header and 0 here. */
function octal(block: Buffer, at: number, bytes: number, value: number): void {
  const digits = value.toString(8)
  block.write(digits.length < bytes ? digits.padStart(bytes - 1, '0') : '0'.repeat(bytes - 1), at, 'latin1')
}
