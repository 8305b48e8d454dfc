import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink, stat } from 'node:fs/promises'
import { basename, join, posix, resolve } from 'node:path'
import { HearthApiError } from '@hearth/sdk'
import { CliError } from '../../cli-error.ts'
import { type CopyJob, counted, octalMode } from './copy-job.ts'
import { inParallel } from './in-parallel.ts'

/** So many small files are under way at once. */
const concurrency = 8

/**
 * Copies a local file or folder into a machine. As with `cp -r`: into `target` when that is a directory, else to `target`;
 * `FOLDER/.` copies what is in the folder. Modes are kept, links stay links.
 */
export async function copyIn(job: CopyJob, source: string, target: string): Promise<void> {
  const found = await stat(source).catch((error: Error) => {
    throw new CliError(`${source} cannot be read: ${error.message}`)
  })
  const contentsOnly = /(^|\/)\.$/.test(source)
  const into = await isDirectory(job, target)
  if (!into && target.endsWith('/'))
    throw new CliError(`${target} is no directory in the machine`, { hint: 'Make it first, or leave the last "/" out.' })
  const goal = into && !contentsOnly ? posix.join(target, basename(resolve(source))) : target
  if (found.isDirectory()) await copyFolder(job, source, goal, octalMode(found.mode))
  else if (found.isFile()) await copyFile(job, source, goal, octalMode(found.mode))
  else throw new CliError(`${source} is neither a file nor a folder`)
}

async function isDirectory(job: CopyJob, path: string): Promise<boolean> {
  try {
    const found = await job.machine.files.stat(path, { signal: job.signal })
    if (found.kind !== 'symlink') return found.kind === 'directory'
    // Whether the link leads to a directory, only the machine can say.
    await job.machine.files.list(path, { signal: job.signal })
    return true
  } catch (error) {
    // What is not there, or cannot be looked into, is met again when it is written.
    if (error instanceof HearthApiError) return mustExist(error)
    throw error
  }
}

/** @throws when the machine itself is the trouble, not the path */
function mustExist(error: HearthApiError): false {
  if (error.code === 'guest_error' || error.code === 'not_found') return false
  throw error
}

async function copyFolder(job: CopyJob, source: string, target: string, mode: string): Promise<void> {
  await job.machine.files.makeDirectory(target, { mode, signal: job.signal })
  const entries = await readdir(source, { withFileTypes: true })
  await inParallel(concurrency, entries, job.signal, async (entry) => {
    if (!entry.isDirectory()) await copyEntry(job, join(source, entry.name), posix.join(target, entry.name))
  })
  for (const entry of entries.filter((candidate) => candidate.isDirectory())) {
    const path = join(source, entry.name)
    await copyFolder(job, path, posix.join(target, entry.name), octalMode((await lstat(path)).mode))
  }
}

async function copyEntry(job: CopyJob, source: string, target: string): Promise<void> {
  const found = await lstat(source)
  if (found.isFile()) await copyFile(job, source, target, octalMode(found.mode))
  else if (found.isSymbolicLink()) await copyLink(job, await readlink(source), target)
  else job.say(`left out: ${source} is neither file, folder nor link`)
}

async function copyFile(job: CopyJob, source: string, target: string, mode: string): Promise<void> {
  const content = createReadStream(source, { highWaterMark: 256 * 1024 })
  try {
    await job.machine.files.write(target, counted(job, content), { mode, signal: job.signal })
    job.countFile()
  } finally {
    content.destroy()
  }
}

/** The API has no request for it: the machine's own `ln` does it. */
async function copyLink(job: CopyJob, leadsTo: string, target: string): Promise<void> {
  const { code, stderr } = await job.machine.exec('ln', ['-sfn', '--', leadsTo, target], { signal: job.signal })
  if (code !== 0) throw new CliError(`the link ${target} could not be made: ${stderr.trim()}`)
  job.countFile()
}
