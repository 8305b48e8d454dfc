import assert from 'node:assert/strict'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import type { GuestSession } from '@hearth/model'
import { isHearthError } from '@hearth/model'
import type { DriverRun, Subject } from './driver-run.ts'

/** A folder that every guest has and that lies on its disk. */
const folder = '/root'

/** Leaves something on a machine's disk that its siblings must not have. */
export async function markDisk(run: DriverRun, subject: Subject, mark: string): Promise<void> {
  const session = await run.session(subject)
  await session.mkdir(folder, 0o700)
  const { content, done } = await session.writeFile(`${folder}/${mark}`, 0o600)
  content.end(mark)
  await Promise.all([once(content, 'finish'), done])
}

/** Leaves something in a machine's memory: a program that goes on, known by its tag. */
export async function markMemory(run: DriverRun, subject: Subject, mark: string): Promise<void> {
  const session = await run.session(subject)
  const handle = await session.exec({ argv: ['sleep', '1000'], tag: mark, onClose: 'keep' })
  handle.exit.catch(() => undefined)
  handle.close()
}

export async function diskMarks(run: DriverRun, subject: Subject): Promise<string[]> {
  const session = await run.session(subject)
  try {
    const entries = await session.list(folder, 1)
    return entries.map((entry) => entry.path.slice(entry.path.lastIndexOf('/') + 1)).sort()
  } catch (error) {
    if (isHearthError(error, 'guest_error')) return []
    throw error
  }
}

export async function memoryMarks(run: DriverRun, subject: Subject): Promise<string[]> {
  const execs = await (await run.session(subject)).listExecs()
  return execs.flatMap((exec) => (exec.running && exec.tag ? [exec.tag] : [])).sort()
}

/** Both kinds of mark, and nothing that carries another mark of the same case. */
export async function assertMarks(
  run: DriverRun,
  subject: Subject,
  present: readonly string[],
  absent: readonly string[],
): Promise<void> {
  const disk = await diskMarks(run, subject)
  const memory = await memoryMarks(run, subject)
  for (const mark of present) {
    assert.ok(disk.includes(mark), `the disk must have ${mark}; it has ${disk.join(', ') || 'nothing'}`)
    assert.ok(memory.includes(mark), `the memory must have ${mark}; it has ${memory.join(', ') || 'nothing'}`)
  }
  for (const mark of absent) {
    assert.ok(!disk.includes(mark), `the disk must not have ${mark}`)
    assert.ok(!memory.includes(mark), `the memory must not have ${mark}`)
  }
}

/** Runs a program to its end. */
async function runProgram(session: GuestSession, argv: readonly string[]): Promise<{ code: number; stdout: string }> {
  const handle = await session.exec({ argv })
  handle.stderr.resume()
  const [stdout, exit] = await Promise.all([buffer(handle.stdout), handle.exit])
  return { code: exit.code, stdout: stdout.toString('utf8') }
}

/** The machine answers, and runs a program. */
export async function assertAnswers(run: DriverRun, subject: Subject): Promise<void> {
  const { code, stdout } = await runProgram(await run.session(subject), ['echo', subject.id])
  assert.equal(code, 0)
  assert.equal(stdout, `${subject.id}\n`)
}
