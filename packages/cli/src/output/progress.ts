import type { Context } from '../context.ts'
import { duration } from './units.ts'

/** Told what is being done now, with a share from 0 to 1 where it is known, and a detail that changes too often for a log. */
export type Report = (step: string, share?: number, detail?: string) => void

/** Work that is over sooner is not talked about. */
const quietMs = 1000
const leastColumns = 40

/**
 * Does `work` and tells on stderr how it goes, once it has taken a second: a live line on a terminal, else a line for each step.
 */
export async function withProgress<T>(context: Context, title: string, work: (report: Report) => Promise<T>): Promise<T> {
  const startedAtMs = performance.now()
  let last: Parameters<Report> | undefined
  let show: Report | undefined
  const running = work((...step) => {
    last = step
    show?.(...step)
  })
  const first = await firstOf(running, quietMs)
  if (first === 'done') return running
  try {
    if (isWideTerminal())
      return await liveLine(title, running, (report) => {
        show = report
        if (last) report(...last)
      })
    context.say(`${title} ...`)
    show = plainLines(context)
    if (last) show(...last)
    const result = await running
    context.say(`${title}: done in ${duration(performance.now() - startedAtMs)}`)
    return result
  } finally {
    show = undefined
  }
}

/** A terminal that knows no width would be given a letter a line. */
function isWideTerminal(): boolean {
  return process.stderr.isTTY && process.stderr.columns >= leastColumns
}

async function firstOf(work: Promise<unknown>, ms: number): Promise<'done' | 'late'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, ms, 'late')
  })
  // Its failure is met by whoever awaits the work itself.
  const done = work.then(
    () => 'done' as const,
    () => 'done' as const,
  )
  try {
    return await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}

/** One line for each new step; shares are told in quarters, so that a log stays short. */
function plainLines(context: Context): Report {
  let lastLine = ''
  return (step, share) => {
    const line = share === undefined ? step : `${step} ${Math.floor(share * 4) * 25}%`
    if (line !== lastLine) context.say(`  ${line}`)
    lastLine = line
  }
}

async function liveLine<T>(title: string, running: Promise<T>, begin: (report: Report) => void): Promise<T> {
  const { Listr, ListrLogger, PRESET_TIMER, ProcessOutput } = await import('listr2')
  // Data is on stdout, so the line lives on stderr.
  const logger = new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) })
  const tasks = new Listr(
    [
      {
        title,
        task: async (_, task) => {
          begin((step, share, detail) => {
            task.output = [step, share === undefined ? [] : `${Math.round(share * 100)}%`, detail ?? []].flat().join(' ')
          })
          await running
        },
      },
    ],
    { rendererOptions: { logger, timer: PRESET_TIMER, showErrorMessage: false }, registerSignalListeners: false },
  )
  await tasks.run()
  return running
}
