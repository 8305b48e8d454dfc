import { damagedArchive, refusedEntry } from './damaged.ts'
import { type ByteString, type EntryKind, noContent, shown, type TarEntry, type TarMember } from './entry.ts'

/** Bounds of what an archive may hold; beyond them something is wrong with it. */
const archiveLimits = {
  entries: 2_000_000,
  contentBytes: 256 * 1024 ** 3,
  pathBytes: 4095,
  nameBytes: 255,
  targetBytes: 4095,
}

/** Character devices that every Linux image may bring, as `major:minor`; a guest makes its own from its kernel anyway. */
const standardDevices: ReadonlySet<string> = new Set(['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:1', '5:2'])
const storedAttributes = /^(user|trusted|security)\.[\x21-\x7e]{1,240}$/

/**
 * Passes on the members of an archive as an image may hold them: paths relative and clean, every directory a member before what
 * lies in it, the root itself left out.
 *
 * Refused: `..`, a path that leads through a symbolic link or a file, the same path twice (a directory may be repeated as it was),
 * a hard link to what is not in the archive, block devices and unusual character devices, names and sizes beyond the limits.
 * Symbolic links are kept as they are: only the guest ever follows them. Attributes that squashfs cannot hold (ACLs) are dropped.
 * @throws HearthError `driver_misconfigured` naming the entry
 */
export async function* checkEntries(members: AsyncIterable<TarMember>): AsyncGenerator<TarMember> {
  const seen = new Map<ByteString, Seen>()
  let contentBytes = 0
  for await (const { entry, content } of members) {
    const path = cleanPath(entry.path, shown(entry.path))
    if (path === '') continue
    for (const parent of missingParents(path, seen)) {
      seen.set(parent, { kind: 'directory', facts: '' })
      yield { entry: impliedDirectory(parent), content: noContent }
    }
    const checked = checkedEntry({ ...entry, path }, seen)
    if (isRepeated(checked, seen)) continue
    seen.set(path, { kind: checked.kind, facts: factsOf(checked) })
    contentBytes += checked.sizeBytes
    if (seen.size > archiveLimits.entries)
      throw refusedEntry(shown(path), `an image has at most ${archiveLimits.entries} entries`)
    if (contentBytes > archiveLimits.contentBytes) throw refusedEntry(shown(path), 'an image holds at most 256 GiB')
    yield { entry: checked, content }
  }
  if (seen.size === 0) throw damagedArchive('its end', 'it holds no entry')
}

interface Seen {
  readonly kind: EntryKind
  /** What a repeated directory must agree with; empty when it was only implied by what lies in it. */
  readonly facts: string
}

function checkedEntry(entry: TarEntry, seen: ReadonlyMap<ByteString, Seen>): TarEntry {
  const label = shown(entry.path)
  const { device, kind } = entry
  if (kind === 'block') throw refusedEntry(label, 'it is a block device', 'Leave /dev out of the archive.')
  if (kind === 'character' && !standardDevices.has(`${device?.major}:${device?.minor}`)) {
    throw refusedEntry(label, `it is the device ${device?.major}:${device?.minor}`, 'Leave /dev out of the archive.')
  }
  if (Math.max(entry.uid, entry.gid) > 0xffffffff) throw refusedEntry(label, 'its owner is beyond 4294967295')
  return {
    ...entry,
    mtimeS: Math.min(entry.mtimeS, 0xffffffff),
    xattrs: new Map([...entry.xattrs].filter(([name]) => storedAttributes.test(name))),
    ...(entry.target !== undefined && { target: checkedTarget(entry, entry.target, label, seen) }),
  }
}

function checkedTarget(entry: TarEntry, target: ByteString, label: string, seen: ReadonlyMap<ByteString, Seen>): ByteString {
  if (entry.kind === 'symlink') {
    if (target === '' || target.length > archiveLimits.targetBytes || target.includes('\0')) {
      throw refusedEntry(label, 'its link target is empty, too long, or holds a NUL')
    }
    return target
  }
  const linked = cleanPath(target, label)
  const kind = seen.get(linked)?.kind
  if (kind === undefined)
    throw refusedEntry(label, `it is a hard link to ${shown(target)}, which is not in the archive before it`)
  if (kind === 'directory') throw refusedEntry(label, `it is a hard link to the directory ${shown(target)}`)
  return linked
}

/** Relative, without `.`, doubled slashes and a slash at its end; empty for the root itself. */
function cleanPath(path: ByteString, label: string): ByteString {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw refusedEntry(label, 'its path holds ".."')
  const clean = parts.join('/')
  if (clean.includes('\0')) throw refusedEntry(label, 'its path holds a NUL')
  if (clean.length > archiveLimits.pathBytes)
    throw refusedEntry(label, `its path is longer than ${archiveLimits.pathBytes} bytes`)
  if (parts.some((part) => part.length > archiveLimits.nameBytes)) {
    throw refusedEntry(label, `a part of its path is longer than ${archiveLimits.nameBytes} bytes`)
  }
  return clean
}

/** The folders above `path` that no entry has made yet, outermost first. */
function missingParents(path: ByteString, seen: ReadonlyMap<ByteString, Seen>): ByteString[] {
  const missing: ByteString[] = []
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const parent = path.slice(0, end)
    const kind = seen.get(parent)?.kind
    if (kind === 'directory') break
    if (kind === 'symlink') throw refusedEntry(shown(path), `it lies behind the symbolic link ${shown(parent)}`)
    if (kind !== undefined) throw refusedEntry(shown(path), `${shown(parent)} is no directory`)
    missing.unshift(parent)
  }
  return missing
}

function isRepeated(entry: TarEntry, seen: ReadonlyMap<ByteString, Seen>): boolean {
  const earlier = seen.get(entry.path)
  if (earlier === undefined) return false
  if (earlier.kind !== 'directory' || entry.kind !== 'directory') throw refusedEntry(shown(entry.path), 'it is there twice')
  if (earlier.facts === factsOf(entry)) return true
  const plain = { ...entry, mtimeS: 0 }
  if (earlier.facts === '' && factsOf(plain) === factsOf(impliedDirectory(entry.path))) return true
  const why = earlier.facts === '' ? 'it comes after what lies in it' : 'it is there twice, with other rights'
  throw refusedEntry(shown(entry.path), why, 'Make the archive of the whole directory in one run of "tar --create".')
}

function factsOf({ mode, uid, gid, mtimeS, xattrs }: TarEntry): string {
  return JSON.stringify([mode, uid, gid, mtimeS, [...xattrs]])
}

function impliedDirectory(path: ByteString): TarEntry {
  return { path, kind: 'directory', mode: 0o755, uid: 0, gid: 0, mtimeS: 0, sizeBytes: 0, xattrs: new Map() }
}
