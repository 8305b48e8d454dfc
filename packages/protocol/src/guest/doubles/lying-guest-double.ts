import { events, methods } from '../messages.ts'
import type { WireItem } from './double-identity.ts'
import type { GuestLink, GuestRequest } from './guest-link.ts'
import { type GuestDoubleOptions, InMemoryGuestDouble } from './in-memory-guest-double.ts'

/** What a guest can do to its host. Everything else is answered honestly. */
export type Lie =
  /** Says nothing to anything from this method number on (1: not even to HELLO). */
  | { readonly kind: 'silence'; readonly from: number }
  /** Sends bytes that are no frames in answer to the method. */
  | { readonly kind: 'garbage'; readonly at: number; readonly bytes?: Buffer }
  /** Announces a frame of 16 MiB in answer to the method. */
  | { readonly kind: 'oversize'; readonly at: number }
  /** Answers on a stream that nobody opened. */
  | { readonly kind: 'unknown_stream'; readonly at: number }
  /** Sends data without end on the stream of the method, whatever the credit. */
  | { readonly kind: 'endless_data'; readonly at: number }
  /** Replies with fields that are none. */
  | { readonly kind: 'broken_reply'; readonly at: number }
  /** Leaves items out of its receipts. */
  | { readonly kind: 'partial_receipt'; readonly without: readonly string[] }
  /** Reads back something else than what it was asked for. */
  | { readonly kind: 'wrong_evidence'; readonly item: string; readonly evidence: string }
  /** Says that an item failed, or that it cannot have it. */
  | { readonly kind: 'wrong_status'; readonly item: string; readonly status: 'failed' | 'not_applicable' }
  /** Closes the stream when the method is asked. */
  | { readonly kind: 'hang_up'; readonly at: number }

export interface LyingGuestOptions extends GuestDoubleOptions {
  readonly lie: Lie
}

/** A guest that breaks the protocol, or its promises, in one way. */
export class LyingGuestDouble extends InMemoryGuestDouble {
  readonly #lie: Lie

  constructor(options: LyingGuestOptions) {
    super(options)
    this.#lie = options.lie
  }

  protected override serve(request: GuestRequest, link: GuestLink): void {
    const lie = this.#lie
    if (lie.kind === 'silence' && request.method >= lie.from) return
    if (!('at' in lie) || lie.at !== request.method) super.serve(request, link)
    else this.#lieTo(request, link, lie)
  }

  protected override receipt(items: readonly WireItem[]): readonly WireItem[] {
    const lie = this.#lie
    if (lie.kind === 'partial_receipt') return items.filter((item) => !lie.without.includes(item.name))
    if (lie.kind === 'wrong_evidence')
      return items.map((item) => (item.name === lie.item ? { ...item, evidence: lie.evidence } : item))
    if (lie.kind !== 'wrong_status') return items
    return items.map((item) => (item.name === lie.item ? { ...item, status: lie.status === 'failed' ? 2 : 1 } : item))
  }

  #lieTo({ stream }: GuestRequest, link: GuestLink, lie: Extract<Lie, { readonly at: number }>): void {
    switch (lie.kind) {
      case 'garbage':
        link.write(lie.bytes ?? Buffer.alloc(4096, 0x58))
        return
      case 'oversize':
        link.write(Buffer.from('0100000002', 'hex'))
        return
      case 'unknown_stream':
        link.write(Buffer.from('00000005117fffffff', 'hex'))
        return
      case 'endless_data':
        stream.event(events.started, { execId: 1, pid: 1, stdinReceived: 0, out1Start: 0, out2Start: 0 })
        for (let sent = 0; sent < 16; sent += 1) stream.data(1, Buffer.alloc(65_536))
        return
      case 'broken_reply':
        stream.reply({ ...methods.thaw.reply, encode: (_value, reserve = 0) => Buffer.alloc(reserve + 3, 1) }, {})
        return
      case 'hang_up':
        link.close()
        return
    }
  }
}
