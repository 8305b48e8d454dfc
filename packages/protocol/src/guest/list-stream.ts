import type { FileStat, HearthError } from '@hearth/model'
import type { Deadlines } from './deadlines.ts'
import { listedStat } from './file-stat.ts'
import { guestProtocol, guestRefused } from './guest-errors.ts'
import { events, methods } from './messages.ts'
import { StreamHandler, type Wire } from './wire.ts'

const maxEntries = 100_000
const maxListBytes = 32 * 1024 * 1024

/** Collects the entries of a directory. Bounded in number and bytes, whatever the guest sends. */
export function listDirectory(
  wire: Wire,
  deadlines: Deadlines,
  request: { readonly path: string; readonly depth: number },
  signal?: AbortSignal,
): Promise<readonly FileStat[]> {
  const listing = new Listing(request.path)
  listing.stopWaiting = deadlines.start(listing.what, signal, (error) => {
    listing.stream?.cancel()
    listing.onBroken(error)
  })
  wire.request(methods.list, request, listing)
  return listing.result.promise
}

class Listing extends StreamHandler {
  readonly what: string
  readonly result = Promise.withResolvers<readonly FileStat[]>()
  stopWaiting: () => void = () => undefined
  readonly #directory: string
  readonly #entries: FileStat[] = []
  #bytes = 0

  constructor(directory: string) {
    super()
    this.#directory = directory
    this.what = `LIST ${directory}`
  }

  override onEvent(kind: number, fields: Buffer): void {
    if (kind !== events.entry.kind) return
    this.#bytes += fields.length
    if (this.#entries.length >= maxEntries || this.#bytes > maxListBytes) throw guestProtocol(`${this.what} does not end`)
    this.#entries.push(listedStat(this.#directory, events.entry.fields.decode(fields)))
  }

  override onReply(): void {
    this.stopWaiting()
    this.result.resolve(this.#entries)
  }

  override onRefused(number: number, text: string): void {
    this.onBroken(guestRefused(this.what, number, text))
  }

  override onBroken(error: HearthError): void {
    this.stopWaiting()
    this.result.reject(error)
  }
}
