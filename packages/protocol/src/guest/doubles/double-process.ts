import { frameLimits } from '../frames.ts'
import { events, methods } from '../messages.ts'
import { CreditedOutput } from './credited-output.ts'
import type { GuestStream } from './guest-link.ts'

/** What a double keeps of output that was sent already. */
const replayBytes = frameLimits.initialCredit + 65_536

/** Output of one channel with its absolute offset, of which the last part is kept. */
class OutputRecord {
  start = 0
  bytes: Buffer = Buffer.alloc(0)

  append(bytes: Buffer): void {
    const all = Buffer.concat([this.bytes, bytes])
    const drop = Math.max(0, all.length - replayBytes)
    this.start += drop
    this.bytes = all.subarray(drop)
  }

  get end(): number {
    return this.start + this.bytes.length
  }

  /** What is kept from `offset` on, and where that really begins. */
  from(offset: number): { readonly start: number; readonly bytes: Buffer } {
    const start = Math.min(Math.max(offset, this.start), this.end)
    return { start, bytes: this.bytes.subarray(start - this.start) }
  }

  copy(): OutputRecord {
    const copy = new OutputRecord()
    copy.start = this.start
    copy.bytes = this.bytes
    return copy
  }
}

export interface ProcessFacts {
  readonly execId: number
  readonly argv: readonly string[]
  readonly tag: string | undefined
  readonly startedAtMs: number
  onClose: number
}

/** A process of a double: its facts, its output so far, and the one stream it is attached to. */
export class DoubleProcess {
  readonly facts: ProcessFacts
  readonly outputs = { 1: new OutputRecord(), 2: new OutputRecord() }
  stdinReceived = 0
  exit: { readonly code: number; readonly signal?: number | undefined } | undefined
  /** Set by the command; called with input. */
  onInput: (bytes: Buffer) => void = () => undefined
  onInputEnd: () => void = () => undefined
  readonly ended = new AbortController()
  #attached: { readonly stream: GuestStream; readonly 1: CreditedOutput; readonly 2: CreditedOutput } | undefined

  constructor(facts: ProcessFacts) {
    this.facts = facts
  }

  get pid(): number {
    return 1000 + this.facts.execId
  }

  write(text: string | Buffer, onChannel: 1 | 2 = 1): void {
    const bytes = Buffer.from(text as string)
    this.outputs[onChannel].append(bytes)
    this.#attached?.[onChannel].send(bytes)
  }

  end(code: number, signal?: number): void {
    if (this.exit !== undefined) return
    this.exit = { code, signal }
    this.ended.abort()
    this.#sendExit()
  }

  /** Sends on `stream` from now on, beginning with what is kept from the offsets. Another attachment is told `busy`. */
  attach(stream: GuestStream, from: { readonly out1?: number | undefined; readonly out2?: number | undefined }): void {
    this.#attached?.stream.refuse('busy', 'another host attached')
    const out1 = this.outputs[1].from(from.out1 ?? 0)
    const out2 = this.outputs[2].from(from.out2 ?? 0)
    this.#attached = { stream, 1: new CreditedOutput(stream, 1), 2: new CreditedOutput(stream, 2) }
    stream.onData = (bytes) => this.#takeInput(stream, bytes)
    stream.onEnd = () => this.onInputEnd()
    stream.onCredit = (onChannel, bytes) => {
      if (onChannel === 1 || onChannel === 2) this.#attached?.[onChannel].addCredit(bytes)
    }
    const { execId } = this.facts
    const starts = { stdinReceived: this.stdinReceived, out1Start: out1.start, out2Start: out2.start }
    const attached = this.#attached
    for (const output of [attached[1], attached[2]]) output.hold()
    attached[1].send(out1.bytes)
    attached[2].send(out2.bytes)
    // Behind all this: the host may send within the call, and what that makes goes behind the output that was there.
    stream.event(events.started, { execId, pid: this.pid, ...starts })
    for (const output of [attached[1], attached[2]]) output.release()
    this.#sendExit()
  }

  /** The stream is gone; the process goes on. */
  detach(): void {
    this.#attached = undefined
  }

  /** What a memory snapshot holds of it. */
  copy(): DoubleProcess {
    const copy = new DoubleProcess({ ...this.facts })
    copy.outputs[1] = this.outputs[1].copy()
    copy.outputs[2] = this.outputs[2].copy()
    copy.stdinReceived = this.stdinReceived
    copy.exit = this.exit
    return copy
  }

  #takeInput(stream: GuestStream, bytes: Buffer): void {
    this.stdinReceived += bytes.length
    this.onInput(bytes)
    stream.credit(0, bytes.length)
  }

  #sendExit(): void {
    const attached = this.#attached
    const exit = this.exit
    if (attached === undefined || exit === undefined) return
    attached[1].whenDrained(() =>
      attached[2].whenDrained(() => {
        if (this.#attached !== attached) return
        this.#attached = undefined
        attached.stream.end(1)
        attached.stream.end(2)
        attached.stream.reply(methods.exec.reply, exit)
      }),
    )
  }
}
