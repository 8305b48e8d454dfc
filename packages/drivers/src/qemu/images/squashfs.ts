import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isBrokenPipe, type RunOptions, withChild } from '../../child/run.ts'
import type { TarMember } from './tar/entry.ts'
import { writeTar } from './tar/write-tar.ts'

// Not compressed: the host has the pages anyway, and unpacking in a guest costs time on every first read.
const layout = ['-noI', '-noD', '-noF', '-noX', '-mkfs-time', '0', '-root-mode', '755', '-root-uid', '0', '-root-gid', '0']

/**
 * Makes the read-only base of a machine from `members`. Owners, devices, links and extended attributes are kept, without any
 * right to make them on the host; the same members give the same bytes. Every directory must be a member of its own.
 */
export async function makeSquashfs(path: string, members: AsyncIterable<TarMember>, options: RunOptions): Promise<void> {
  const argv = ['sqfstar', ...layout, '-root-time', '0', '-exit-on-error', '-no-progress', '-quiet', '-mem', '256M', path]
  await withChild(argv, { ...options, mirrorsChild: isBrokenPipe }, async ({ stdin, stdout }) => {
    stdout.resume()
    await pipeline(Readable.from(writeTar(members), { objectMode: true, highWaterMark: 16 }), stdin)
  })
}
