import type { Readable } from 'node:stream'

/** What a program said last, kept for error messages; reading it also keeps the program from standing still. */
export class OutputTail {
  readonly #limitBytes: number
  #kept: Buffer = Buffer.alloc(0)

  constructor(limitBytes = 4096) {
    this.#limitBytes = limitBytes
  }

  /** Reads `stream`; resolves at its end. A stream that breaks is the caller's business, through the program's exit. */
  follow(stream: Readable, heard?: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder()
    stream.on('data', (chunk: Buffer) => {
      this.#kept = Buffer.concat([this.#kept, chunk]).subarray(-this.#limitBytes)
      heard?.(decoder.decode(chunk, { stream: true }))
    })
    return new Promise((resolve) => {
      stream.once('end', resolve)
      stream.once('close', resolve)
      stream.on('error', () => resolve())
    })
  }

  text(): string {
    return this.#kept.toString('utf8')
  }
}
