import { usageError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { type CopyPath, parseCopyPath } from '../input/copy-path.ts'
import { withProgress } from '../output/progress.ts'
import { size } from '../output/units.ts'
import { copyIn } from './copy/copy-in.ts'
import type { CopyJob, Tally } from './copy/copy-job.ts'
import { copyOut } from './copy/copy-out.ts'
import { readIntoMachine, writeFromMachine } from './copy/copy-stream.ts'

/** `hearth cp SOURCE TARGET`, one of them in a machine. */
export async function cp(context: Context, sourceText: string, targetText: string): Promise<void> {
  const source = parseCopyPath(sourceText)
  const target = parseCopyPath(targetText)
  const machine = machineOf(source, target)
  const needsSockets = source.kind === 'local'
  const hearth = await context.connect({ sockets: needsSockets })
  const tally: Tally = { files: 0, bytes: 0 }
  await withProgress(context, `copying ${sourceText}`, async (report) => {
    const job: CopyJob = {
      machine: hearth.machines.ref(machine),
      signal: context.signal,
      say: (line) => context.say(line),
      count(bytes) {
        tally.bytes += bytes
        report('copying', undefined, `${tally.files} files done, ${size(tally.bytes)}`)
      },
      countFile() {
        tally.files += 1
      },
    }
    await copy(job, source, target)
  })
  if (context.json && target.kind !== 'stream') context.print(tally, () => '')
}

function machineOf(source: CopyPath, target: CopyPath): string {
  if (source.kind === 'machine' && target.kind !== 'machine') return source.machine
  if (target.kind === 'machine' && source.kind !== 'machine') return target.machine
  const fault = source.kind === 'machine' ? 'both sides are in a machine' : 'neither side is in a machine'
  throw usageError(fault, 'One side is MACHINE:/path, the other a local path or "-".')
}

async function copy(job: CopyJob, source: CopyPath, target: CopyPath): Promise<void> {
  if (source.kind === 'machine') {
    if (target.kind === 'stream') await writeFromMachine(job, source.path, process.stdout)
    else await copyOut(job, source.path, (target as { path: string }).path)
    return
  }
  const { path } = target as { path: string }
  if (source.kind === 'stream') await readIntoMachine(job, process.stdin, path)
  else await copyIn(job, (source as { path: string }).path, path)
}
