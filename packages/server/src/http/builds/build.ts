import { HearthError, type TemplateRef } from '@hearth/model'
import type { BuildProgress } from '@hearth/protocol'

/** One build that is under way here: how far it is, and the way to end it. */
export class Build {
  readonly #abort = new AbortController()
  readonly #listeners = new Set<() => void>()
  #latest: BuildProgress | undefined
  #steps = 0
  #isOver = false
  #failure: unknown

  /** Aborted when somebody cancels it. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get latest(): BuildProgress | undefined {
    return this.#latest
  }

  /** Why it ended without a template. */
  get failure(): unknown {
    return this.#failure
  }

  tell(step: string, share?: number): void {
    this.#latest = { step, ...(share !== undefined && { share }) }
    this.#steps++
    for (const listener of this.#listeners) listener()
  }

  cancel(why: string): void {
    this.#abort.abort(new HearthError('cancelled', why))
  }

  end(failure?: unknown): void {
    this.#isOver = true
    this.#failure = failure
    for (const listener of this.#listeners) listener()
  }

  /** The latest step, and each newer one, until it is over; a slow listener gets only the newest. */
  async *progress(signal: AbortSignal): AsyncGenerator<BuildProgress> {
    let told = 0
    while (!signal.aborted) {
      if (this.#latest && this.#steps > told) {
        told = this.#steps
        yield this.#latest
      } else if (this.#isOver) return
      else await this.#news(signal)
    }
  }

  #news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#listeners.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#listeners.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }
}

/** The builds that are under way in this server, by what they build. */
export class Builds {
  readonly #builds = new Map<TemplateRef, Build>()

  /** Keeps `build` until `done` settles. */
  add(ref: TemplateRef, build: Build, done: Promise<unknown>): void {
    this.#builds.set(ref, build)
    const over = (failure?: unknown) => {
      build.end(failure)
      if (this.#builds.get(ref) === build) this.#builds.delete(ref)
    }
    void done.then(() => over(), over)
  }

  of(ref: string): Build | undefined {
    return this.#builds.get(ref as TemplateRef)
  }

  /** Ends the build of one version, or those of all versions of a name; resolves to whether there was any. */
  async cancel(template: string): Promise<boolean> {
    const doomed = [...this.#builds].filter(([ref]) => ref === template || ref.startsWith(`${template}@`))
    const endings = doomed.map(async ([, build]) => {
      build.cancel('the template was removed')
      for await (const _ of build.progress(new AbortController().signal));
    })
    await Promise.all(endings)
    return doomed.length > 0
  }
}
