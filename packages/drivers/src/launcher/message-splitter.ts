/** A message of docs/launcher-protocol.md without its length. */
export interface LauncherMessage {
  readonly op: number
  readonly request: number
  readonly fields: Buffer
}

const minLength = 5
const maxLength = 1024 * 1024

/** Cuts a stream of bytes into messages; holds at most one unfinished message. */
export class MessageSplitter {
  #rest: Buffer = Buffer.alloc(0)

  /** The messages that are whole now. @throws Error when a length is none that a message has */
  push(bytes: Buffer): LauncherMessage[] {
    const stream = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const messages: LauncherMessage[] = []
    let at = 0
    while (stream.length - at >= 4) {
      const length = stream.readUInt32BE(at)
      if (length < minLength || length > maxLength) throw new Error(`${length} is no length of a message`)
      const end = at + 4 + length
      if (end > stream.length) break
      messages.push({
        op: stream.readUInt8(at + 4),
        request: stream.readUInt32BE(at + 5),
        fields: stream.subarray(at + 9, end),
      })
      at = end
    }
    this.#rest = stream.subarray(at)
    return messages
  }
}
