import { type ByteReader, byteReader } from './byte-reader.ts'
import { cutOffArchive, damagedArchive, refusedEntry } from './damaged.ts'
import { type ByteString, shown, type TarEntry, type TarMember } from './entry.ts'
import { entryKind, parseHeader, type RawHeader } from './header-fields.ts'
import { parsePaxRecords } from './pax-records.ts'

const blockBytes = 512
const extendedLimitBytes = 1024 * 1024

/** What extended headers said of the next member. */
interface Extensions {
  readonly pax: ReadonlyMap<string, ByteString>
  readonly longPath?: ByteString
  readonly longTarget?: ByteString
}

/**
 * Reads an archive as it comes: ustar, pax, and GNU's long names. Each member's content has to be read, or is skipped, before
 * the next member is asked for. Says nothing about whether an entry is allowed (see `checkEntries`).
 * @throws HearthError `driver_misconfigured` naming the place where the archive is damaged or cut off
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  await using reader = byteReader(source)
  const global = new Map<string, ByteString>()
  let next: Extensions = { pax: new Map() }
  for (;;) {
    const position = reader.offset
    const block = await reader.take(blockBytes)
    if (block.length < blockBytes) throw cutOffArchive(`byte ${reader.offset}`, 'its end mark is missing')
    if (block.every((byte) => byte === 0)) break
    const header = parseHeader(block, position)
    if ('xgLK'.includes(header.typeFlag)) {
      next = await readExtension(reader, header, next, global)
      continue
    }
    const entry = entryOf(header, { ...next, pax: new Map([...global, ...next.pax]) })
    next = { pax: new Map() }
    yield* member(reader, entry)
  }
  // What follows the end is filling, up to any record size; it is read so that the writer is not cut off.
  for await (const _ of reader.pass(Number.MAX_SAFE_INTEGER));
}

async function* member(reader: ByteReader, entry: TarEntry): AsyncGenerator<TarMember> {
  const end = reader.offset + Math.ceil(entry.sizeBytes / blockBytes) * blockBytes
  yield { entry, content: content(reader, entry) }
  for await (const _ of reader.pass(end - reader.offset));
  if (reader.offset !== end) throw cutOffArchive(shown(entry.path), 'its content is not complete')
}

async function* content(reader: ByteReader, entry: TarEntry): AsyncGenerator<Buffer> {
  const end = reader.offset + entry.sizeBytes
  yield* reader.pass(entry.sizeBytes)
  if (reader.offset !== end) throw cutOffArchive(shown(entry.path), 'its content is not complete')
}

async function readExtension(
  reader: ByteReader,
  header: RawHeader,
  next: Extensions,
  global: Map<string, ByteString>,
): Promise<Extensions> {
  const where = `byte ${reader.offset}`
  if (header.sizeBytes > extendedLimitBytes) throw damagedArchive(where, `an extended header has ${header.sizeBytes} bytes`)
  const padded = Math.ceil(header.sizeBytes / blockBytes) * blockBytes
  const body = await reader.take(padded)
  if (body.length < padded) throw cutOffArchive(where, 'an extended header is not complete')
  const content = body.subarray(0, header.sizeBytes)
  switch (header.typeFlag) {
    case 'x':
      return { ...next, pax: parsePaxRecords(content, where) }
    case 'g':
      for (const [key, value] of parsePaxRecords(content, where)) global.set(key, value)
      return next
    case 'L':
      return { ...next, longPath: upToNul(content) }
    default:
      return { ...next, longTarget: upToNul(content) }
  }
}

function entryOf(header: RawHeader, { pax, longPath, longTarget }: Extensions): TarEntry {
  const path = pax.get('path') ?? longPath ?? header.path
  const sparse = [...pax.keys()].some((key) => key.startsWith('GNU.sparse.'))
  const kind = entryKind(sparse ? 'S' : header.typeFlag, path)
  const target = pax.get('linkpath') ?? longTarget ?? header.target
  const whole = (key: string, fallback: number) => wholeNumber(pax.get(key), fallback, path, key)
  // Only files have content: some programs give links the size of what they lead to.
  const sizeBytes = kind === 'file' ? whole('size', header.sizeBytes) : 0
  return {
    path,
    kind,
    mode: header.mode,
    uid: whole('uid', header.uid),
    gid: whole('gid', header.gid),
    mtimeS: whole('mtime', header.mtimeS),
    sizeBytes,
    xattrs: attributes(pax),
    ...((kind === 'symlink' || kind === 'hardlink') && { target }),
    ...((kind === 'character' || kind === 'block') && { device: { major: header.deviceMajor, minor: header.deviceMinor } }),
  }
}

/** The names under which GNU tar, star and bsdtar store extended attributes; bsdtar's own form is a copy in base64. */
function attributes(pax: ReadonlyMap<string, ByteString>): ReadonlyMap<ByteString, ByteString> {
  const found = new Map<ByteString, ByteString>()
  for (const [key, value] of pax) if (key.startsWith('SCHILY.xattr.')) found.set(key.slice('SCHILY.xattr.'.length), value)
  return found
}

/** Decimal, with a fraction that is dropped; a time before 1970 becomes 1970. */
function wholeNumber(text: string | undefined, fallback: number, path: ByteString, key: string): number {
  if (text === undefined) return fallback
  const digits = /^(-?)([0-9]{1,15})(\.[0-9]*)?$/.exec(text)
  if (digits === null) throw damagedArchive(shown(path), `its ${key} is ${JSON.stringify(text.slice(0, 40))}`)
  if (digits[1] !== '-') return Number(digits[2])
  if (key !== 'mtime') throw refusedEntry(shown(path), `its ${key} is negative`)
  return 0
}

function upToNul(bytes: Buffer): ByteString {
  const text = bytes.toString('latin1')
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}
