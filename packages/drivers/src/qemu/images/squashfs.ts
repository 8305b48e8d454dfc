import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isBrokenPipe, type RunOptions, withChild } from '../../child/run.ts'
import type { TarMember } from './tar/entry.ts'
import { writeTar } from './tar/write-tar.ts'

// Not compressed: the host has the pages anyway, and unpacking in a guest costs time on every first read.
const layout = ['-noI', '-noD', '-noF', '-noX', '-mkfs-time', '0', '-root-mode', '755', '-root-uid', '0', '-root-gid', '0']
const metadataBlockBytes = 8192

/**
 * Makes the read-only base of a machine from `members`. Owners, devices, links and extended attributes are kept, without any
 * right to make them on the host; the same members give the same bytes. Every directory must be a member of its own.
 */
export async function makeSquashfs(path: string, members: AsyncIterable<TarMember>, options: RunOptions): Promise<void> {
  const argv = ['sqfstar', ...layout, '-exit-on-error', '-no-progress', '-quiet', '-mem', '256M', path]
  await withChild(argv, { ...options, mirrorsChild: isBrokenPipe }, async ({ stdin, stdout }) => {
    stdout.resume()
    await pipeline(Readable.from(writeTar(members), { objectMode: true, highWaterMark: 16 }), stdin)
  })
  const file = await open(path, 'r+')
  try {
    await clearRootTime(file)
  } finally {
    await file.close()
  }
}

/**
 * Dates the root directory to 1970: sqfstar 4.5.1 ignores its option for that and takes the time of day. The superblock
 * (Documentation/filesystems/squashfs.rst) names the root's inode by its metadata block and the offset in it; its time is at byte 8.
 * A block that is not compressed is two bytes of length and 8,192 bytes of content, and an inode may lie in two of them.
 */
async function clearRootTime(file: FileHandle): Promise<void> {
  const superblock = Buffer.alloc(96)
  await file.read(superblock, 0, superblock.length, 0)
  const offsetInBlock = superblock.readUInt16LE(32)
  const block = Number(superblock.readBigUInt64LE(64)) + Number(superblock.readBigUInt64LE(32) >> 16n)
  for (let at = offsetInBlock + 8; at < offsetInBlock + 12; at += 1) {
    const before = Math.floor(at / metadataBlockBytes) + 1
    await file.write(Buffer.alloc(1), 0, 1, block + 2 * before + at)
  }
}
