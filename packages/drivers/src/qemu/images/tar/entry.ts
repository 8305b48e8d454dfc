/**
 * Bytes of a name or a value as a string, one character (0 to 255) a byte: names in archives are bytes in no certain encoding.
 */
export type ByteString = string

export type EntryKind = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo'

/** One member of an archive, without its content. */
export interface TarEntry {
  /** As written in the archive; after the rules: relative, without `.`, `..` and a slash at its end. */
  readonly path: ByteString
  readonly kind: EntryKind
  /** Permission bits, with set-user-id, set-group-id and sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Whole seconds since 1970. */
  readonly mtimeS: number
  /** 0 for everything but files. */
  readonly sizeBytes: number
  /** What a symbolic link says, or the path of the entry that a hard link is the same file as. */
  readonly target?: ByteString
  readonly device?: { readonly major: number; readonly minor: number }
  /** Extended attributes, name to value. */
  readonly xattrs: ReadonlyMap<ByteString, ByteString>
}

/** A member and its content, which is read before the next member is asked for. */
export interface TarMember {
  readonly entry: TarEntry
  readonly content: AsyncIterable<Uint8Array>
}

/** The content of what has none. */
export const noContent: AsyncIterable<Uint8Array> = {
  async *[Symbol.asyncIterator]() {},
}

/** A path or name for people. */
export function shown(text: ByteString): string {
  const readable = Buffer.from(text, 'latin1').toString('utf8')
  return JSON.stringify(readable.length <= 200 ? readable : `${readable.slice(0, 197)}...`)
}
