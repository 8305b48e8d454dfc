import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, lstat, mkdir, open, rename, rm, stat, symlink } from 'node:fs/promises'
import { basename, join, posix } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FileStatResource } from '@hearth/sdk'
import { CliError } from '../../cli-error.ts'
import { type CopyJob, counted } from './copy-job.ts'
import { inParallel } from './in-parallel.ts'
import { relativeBelow } from './relative-below.ts'

const concurrency = 8
/** As deep as one listing goes. */
const listDepth = 16

/**
 * Copies a file or folder out of a machine, with the rules of `copyIn`. What the machine says of names is not believed: nothing
 * is written outside the target, and no link that came over is written through, because links are made last.
 */
export async function copyOut(job: CopyJob, source: string, target: string): Promise<void> {
  const contentsOnly = /\/\.$/.test(source)
  const path = posix.normalize(source)
  const found = await job.machine.files.stat(path, { signal: job.signal })
  const into = await isDirectory(target)
  if (!into && target.endsWith('/'))
    throw new CliError(`${target} is no folder`, { hint: 'Make it first, or leave the last "/" out.' })
  const name = basename(path)
  if (into && !contentsOnly && name === '')
    throw new CliError('the root of a machine has no name', { hint: 'Copy what is in it: MACHINE:/.' })
  const goal = into && !contentsOnly ? join(target, name) : target
  if (found.kind === 'directory') await copyFolder(job, path, goal, found)
  // A link named on the command line is followed, as cp does.
  else if (found.kind === 'file' || found.kind === 'symlink') await copyFile(job, path, goal)
  else throw new CliError(`${source} is neither a file nor a directory`)
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

async function copyFolder(job: CopyJob, source: string, target: string, found: FileStatResource): Promise<void> {
  await makeFolder(target)
  const entries = await listAll(job, source)
  const here = (entry: Entry) => join(target, entry.below)
  const folders = entries.filter((entry) => entry.stat.kind === 'directory')
  for (const folder of folders) await makeFolder(here(folder))
  const files = entries.filter((entry) => entry.stat.kind === 'file')
  await inParallel(concurrency, files, job.signal, (entry) => copyFile(job, entry.path, here(entry)))
  for (const entry of entries) {
    if (entry.stat.kind === 'symlink') await makeLink(job, entry.stat.target ?? '', here(entry))
    if (entry.stat.kind === 'other') job.say(`left out: ${entry.path} is neither file, directory nor link`)
  }
  // Last and from the inside out: a folder may be read-only.
  for (const folder of folders.toReversed()) await chmod(here(folder), modeOf(folder.stat))
  await chmod(target, modeOf(found))
}

interface Entry {
  /** In the machine. */
  readonly path: string
  /** Relative to the folder that is copied; checked. */
  readonly below: string
  readonly stat: FileStatResource
}

/** Everything below a directory, parents before children. */
async function listAll(job: CopyJob, root: string, start = root): Promise<Entry[]> {
  const listed = await job.machine.files.list(start, { depth: listDepth, signal: job.signal })
  const entries = listed.map((found) => ({ path: found.path, below: relativeBelow(root, found.path), stat: found }))
  const startDepth = depthOf(start)
  const cutOff = entries.filter((entry) => entry.stat.kind === 'directory' && depthOf(entry.path) - startDepth >= listDepth)
  for (const { path } of cutOff) entries.push(...(await listAll(job, root, path)))
  return entries.sort((a, b) => depthOf(a.path) - depthOf(b.path))
}

function depthOf(path: string): number {
  return path.split('/').filter((part) => part !== '').length
}

/** @throws when something else is there, also a link: nothing is written through it */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (!(await lstat(path)).isDirectory()) throw new CliError(`${path} is in the way: it is not a folder`, { cause: error })
  }
}

/** Written beside its goal and renamed, so that nobody sees half a file and an interrupted copy leaves none. */
async function copyFile(job: CopyJob, source: string, target: string): Promise<void> {
  const file = await job.machine.files.read(source, { signal: job.signal })
  const partial = `${target}.${randomBytes(6).toString('hex')}.part`
  try {
    const handle = await open(partial, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    await pipeline(Readable.from(counted(job, file)), handle.createWriteStream())
    await chmod(partial, modeOf(file.stat))
    await rename(partial, target)
    job.countFile()
  } finally {
    await rm(partial, { force: true })
  }
}

async function makeLink(job: CopyJob, leadsTo: string, path: string): Promise<void> {
  await rm(path, { force: true })
  await symlink(leadsTo, path)
  job.countFile()
}

/** Without set-uid, set-gid and sticky: what a machine says does not make a program of root here. */
function modeOf(found: FileStatResource): number {
  return Number.parseInt(found.mode, 8) & 0o777
}
