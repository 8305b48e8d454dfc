import { type Log, messageOf } from '@hearth/model'

/** How long one part may take to end before it is left behind, in milliseconds. */
const partLimitMs = 10_000

/** What has been started, to be ended in the reverse order. */
export class Shutdown {
  readonly #parts: { readonly name: string; readonly end: () => Promise<void> | void }[] = []
  readonly #log: () => Log

  constructor(log: () => Log) {
    this.#log = log
  }

  /** Remembers how to end a part that has just been started. */
  later(name: string, end: () => Promise<void> | void): void {
    this.#parts.push({ name, end })
  }

  /** Ends everything. A part that fails or is late is named, and the others are ended all the same. */
  async run(): Promise<void> {
    for (const part of this.#parts.splice(0).reverse()) {
      try {
        await withinLimit(part.end())
      } catch (error) {
        this.#log().error('server.part_not_ended', { part: part.name, error: messageOf(error) })
      }
    }
  }
}

async function withinLimit(ending: Promise<void> | void): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not ended after ${partLimitMs / 1000} s`)), partLimitMs)
  })
  try {
    await Promise.race([ending, late])
  } finally {
    clearTimeout(timer)
  }
}
