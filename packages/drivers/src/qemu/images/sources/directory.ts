import { createHash } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import { driverError } from '@hearth/model'
import { childFailure, type RunOptions, withChild } from '../../../child/run.ts'
import { checkEntries } from '../tar/check-entries.ts'
import { isCutOff } from '../tar/damaged.ts'
import type { TarMember } from '../tar/entry.ts'
import { readTar } from '../tar/read-tar.ts'
import { writeTar } from '../tar/write-tar.ts'

/**
 * Runs `use` with the checked members of the directory `path`, in sorted order: owners, devices, links and extended attributes as
 * they are. Symbolic links are kept as links, sockets are left out. GNU tar reads it, because Node cannot read extended attributes.
 * @throws HearthError `driver_misconfigured` when it is no directory or cannot be read, `driver_busy` when it changes meanwhile
 */
export async function withDirectory(
  path: string,
  options: RunOptions,
  use: (members: AsyncIterable<TarMember>) => Promise<void>,
): Promise<void> {
  const folder = await existingDirectory(path)
  const argv = ['tar', '--create', '--file=-', '--format=pax', '--sort=name', '--numeric-owner', '--warning=no-file-ignored']
  argv.push('--xattrs', '--xattrs-include=*', `--directory=${folder}`, '.')
  try {
    await withChild(argv, { ...options, mirrorsChild: isCutOff }, async ({ stdin, stdout }) => {
      stdin.end()
      await use(checkEntries(readTar(stdout)))
    })
  } catch (error) {
    const reading = childFailure(error)
    if (reading?.program !== 'tar') throw error
    throw couldNotRead(path, reading.exitCode, reading.stderr, error)
  }
}

/**
 * SHA-256 (hex) over everything that an image takes from the directory except its times: a copy has the same digest.
 * Errors as of `withDirectory`.
 */
export async function directoryDigest(path: string, options: RunOptions): Promise<string> {
  const hash = createHash('sha256')
  await withDirectory(path, options, async (members) => {
    for await (const chunk of writeTar(undated(members))) hash.update(chunk)
  })
  return hash.digest('hex')
}

async function* undated(members: AsyncIterable<TarMember>): AsyncGenerator<TarMember> {
  for await (const { entry, content } of members) yield { entry: { ...entry, mtimeS: 0 }, content }
}

async function existingDirectory(path: string): Promise<string> {
  const hint = 'Give the absolute path of a directory on the computer that Hearth runs on.'
  const folder = await realpath(path).catch((cause: NodeJS.ErrnoException) => {
    throw driverError('Misconfigured', `${path} cannot be read: ${cause.message}`, { hint, cause })
  })
  if (folder === '/') throw driverError('Misconfigured', `${path} is the root of the host, which is no image`, { hint })
  if (!(await stat(folder)).isDirectory()) {
    throw driverError('Misconfigured', `${path} is no directory`, { hint: `For an archive, write tar:${path}` })
  }
  return folder
}

function couldNotRead(path: string, exitCode: number | null, stderr: string, cause: unknown): Error {
  // GNU tar: 1 means that some files changed while they were read.
  if (exitCode === 1) {
    return driverError('Busy', `${path} changed while it was read: ${stderr}`, {
      hint: 'Try again when nothing writes there.',
      cause,
    })
  }
  return driverError('Misconfigured', `${path} cannot be read as a whole: ${stderr}`, { cause })
}
