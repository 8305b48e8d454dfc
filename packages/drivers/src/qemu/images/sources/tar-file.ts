import { constants, createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { driverError } from '@hearth/model'
import { childFailure, type RunOptions, withChild } from '../../../child/run.ts'
import { fileSha256 } from '../artifact.ts'
import { checkEntries } from '../tar/check-entries.ts'
import { isCutOff, refusedEntry } from '../tar/damaged.ts'
import { shown, type TarMember } from '../tar/entry.ts'
import { readTar } from '../tar/read-tar.ts'

/** What a file begins with, and the program that unpacks it. */
const compressions = [
  { name: 'gzip', magic: '1f8b', program: ['gzip', '-dc'] },
  { name: 'zstd', magic: '28b52ffd', program: ['zstd', '-dcq', '--memory=512MiB'] },
  { name: 'xz', magic: 'fd377a585a00', program: ['xz', '-dc', '--memlimit-decompress=512MiB'] },
  { name: 'bzip2', magic: '425a68', program: undefined },
] as const

/**
 * Runs `use` with the checked members of the archive at `path`: plain, or packed with gzip, zstd or xz, told by its first bytes.
 * @throws HearthError `driver_misconfigured` when there is no such archive, or it is damaged or refused
 */
export async function withTarFile(
  path: string,
  options: RunOptions,
  use: (members: AsyncIterable<TarMember>) => Promise<void>,
): Promise<void> {
  const file = await openArchive(path)
  try {
    const read = (stream: AsyncIterable<Uint8Array>) => use(checkEntries(notAnImageArchive(readTar(stream))))
    const program = await unpacker(path, file)
    if (program === undefined) {
      return await read(
        createReadStream(path, { fd: file, start: 0, autoClose: false, highWaterMark: 256 * 1024, signal: options.signal }),
      )
    }
    await withChild(program, { ...options, stdinFd: file.fd, mirrorsChild: isCutOff }, ({ stdout }) => read(stdout))
  } catch (error) {
    const unpacking = childFailure(error)
    if (unpacking === undefined || !compressions.some(({ program }) => program?.[0] === unpacking.program)) throw error
    throw driverError('Misconfigured', `${path} cannot be unpacked: ${unpacking.stderr}`, { cause: error })
  } finally {
    await file.close()
  }
}

/** SHA-256 (hex) of the archive as it lies there. @throws HearthError `driver_misconfigured` when there is none */
export async function tarDigest(path: string, signal: AbortSignal | undefined): Promise<string> {
  await (await openArchive(path)).close()
  return await fileSha256(path, signal)
}

async function openArchive(path: string): Promise<FileHandle> {
  // Without blocking: a FIFO of that name must not hold us up.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw driverError('Misconfigured', `${path} cannot be read: ${error.message}`, {
      hint: 'Give the absolute path of a tar archive on the computer that Hearth runs on.',
      cause: error,
    })
  })
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw driverError('Misconfigured', `${path} is no file`, { hint: `For a directory, write dir:${path}` })
}

/** The program that unpacks the archive, if it is packed. */
async function unpacker(path: string, file: FileHandle): Promise<readonly string[] | undefined> {
  const start = Buffer.alloc(512)
  const { bytesRead } = await file.read(start, 0, start.length, 0)
  const hex = start.toString('hex', 0, bytesRead)
  const packed = compressions.find(({ magic }) => hex.startsWith(magic))
  if (packed?.program !== undefined) return packed.program
  if (packed === undefined && start.toString('latin1', 257, 262) === 'ustar') return undefined
  const what = packed === undefined ? 'is no tar archive' : `is packed with ${packed.name}`
  throw driverError('Misconfigured', `${path} ${what}; allowed: tar, plain or packed with gzip, zstd or xz`)
}

/** People confuse an archive of an image (layers and a manifest) with the archive of a root file system. */
async function* notAnImageArchive(members: AsyncIterable<TarMember>): AsyncGenerator<TarMember> {
  for await (const member of members) {
    if (/^(\.?\/)?(oci-layout|manifest\.json)$/.test(member.entry.path)) {
      const hint = 'Export a root file system: "docker create" the image, then "docker export" the container.'
      throw refusedEntry(shown(member.entry.path), 'this is an archive of a container image, not of a root file system', hint)
    }
    yield member
  }
}
