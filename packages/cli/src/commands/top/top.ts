import type { Hearth } from '@hearth/sdk'
import type { Context } from '../../context.ts'
import { poolTable } from '../../output/pool-text.ts'
import { LiveScreen } from '../../terminal/live-screen.ts'
import { measure, type Sample } from './measure.ts'
import { fitted, machineLines, summaryLine } from './screen.ts'

/** Many changes at once are drawn once. */
const settleMs = 200

/** `hearth top`: on a terminal until Ctrl-C, drawn again with every change and every `intervalMs`; elsewhere once. */
export async function top(context: Context, intervalMs: number): Promise<void> {
  const hearth = await context.connect()
  if (context.json || !process.stdout.isTTY) {
    const [measured, pools] = await Promise.all([measure(hearth, new Map(), context), poolLines(context, hearth)])
    const samples = [...measured.values()]
    const data = samples.map(({ machine, stats, cpuShare }) => ({ machine, stats, cpuShare }))
    context.print(data, () => `${pools}${machineLines(samples, context.now())}`)
    return
  }
  const screen = new LiveScreen(process.stdout)
  try {
    await follow(context, hearth, screen, intervalMs)
  } finally {
    screen.close()
  }
}

async function follow(context: Context, hearth: Hearth, screen: LiveScreen, intervalMs: number): Promise<void> {
  const changes = new Changes(context, hearth)
  let samples: ReadonlyMap<string, Sample> = new Map()
  for (;;) {
    const [measured, pools] = await Promise.all([measure(hearth, samples, context), poolLines(context, hearth)])
    samples = measured
    const all = [...samples.values()]
    const text = `${summaryLine(all, `namespace ${context.namespace}`)}\n\n${pools}${machineLines(all, context.now())}`
    screen.show(fitted(text, screen.size()))
    await changes.next(intervalMs, screen)
  }
}

/** The pools above the machines; nothing where there are none. */
async function poolLines(context: Context, hearth: Hearth): Promise<string> {
  const pools = await hearth.pools.list({ signal: context.signal })
  return pools.length === 0 ? '' : `${poolTable(pools)}\n\n`
}

/** Tells when it is time to look again. */
class Changes {
  readonly #signal: AbortSignal
  #isFresh = false
  #wake: (() => void) | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(context: Context, hearth: Hearth) {
    this.#signal = context.signal
    this.#listen(context, hearth).catch((error: unknown) => {
      this.#failure = { error }
      this.#wake?.()
    })
  }

  /** Resolves after a change, `atMostMs`, or a new size of the terminal. @throws the reason of the signal, or why nothing is heard */
  async next(atMostMs: number, screen: LiveScreen): Promise<void> {
    await this.#wait(this.#isFresh ? settleMs : atMostMs, screen)
    // The others that come with the first one.
    if (this.#isFresh) await this.#wait(settleMs, screen)
    this.#isFresh = false
    this.#signal.throwIfAborted()
    if (this.#failure) throw this.#failure.error
  }

  async #listen({ namespace, signal }: Context, hearth: Hearth): Promise<void> {
    for await (const _ of hearth.in(namespace).events({ kind: ['machine'], signal, onGap: () => undefined })) {
      this.#isFresh = true
      this.#wake?.()
    }
  }

  #wait(ms: number, screen: LiveScreen): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#signal.removeEventListener('abort', done)
        this.#wake = undefined
        screen.onResize = undefined
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#signal.addEventListener('abort', done, { once: true })
      this.#wake = done
      screen.onResize = done
      if (this.#signal.aborted || this.#failure) done()
    })
  }
}
