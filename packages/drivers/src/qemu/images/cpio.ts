/** A file, or with `content` absent a directory, of an archive for the kernel. */
export interface CpioEntry {
  /** Relative, without a leading slash. */
  readonly path: string
  /** Permission bits. */
  readonly mode: number
  readonly content?: Uint8Array
}

const directoryType = 0o040000
const fileType = 0o100000

/**
 * An uncompressed archive in the kernel's initramfs format ("newc", Documentation/driver-api/early-userspace/buffer-format.rst):
 * everything belongs to root and is dated 1970, so the same entries give the same bytes.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.map((entry, index) => member(entry, index + 1))
  const archive = Buffer.concat([...parts, member({ path: 'TRAILER!!!', mode: 0 }, 0, 0)])
  return Buffer.concat([archive, Buffer.alloc(padding(archive.length, 512))])
}

function member(entry: CpioEntry, inode: number, type = entry.content === undefined ? directoryType : fileType): Buffer {
  const name = Buffer.from(`${entry.path}\0`)
  const content = entry.content ?? Buffer.alloc(0)
  const links = type === directoryType ? 2 : 1
  // inode, mode, uid, gid, links, mtime, size, device and special device (2 each), name size, checksum
  const fields = [inode, type | entry.mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length, 0]
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`)
  return Buffer.concat([
    header,
    name,
    Buffer.alloc(padding(header.length + name.length, 4)),
    content,
    Buffer.alloc(padding(content.length, 4)),
  ])
}

function padding(length: number, unit: number): number {
  return (unit - (length % unit)) % unit
}
