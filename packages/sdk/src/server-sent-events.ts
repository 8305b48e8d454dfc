import type { ByteStream } from './bytes.ts'
import { readLines } from './lines.ts'

export interface ServerSentEvent {
  readonly event: string
  readonly data: string
}

/** The events of a text/event-stream (WHATWG HTML, section "Server-sent events"); comments and ids are skipped. */
export async function* readServerSentEvents(stream: ByteStream): AsyncGenerator<ServerSentEvent, void, undefined> {
  let event = 'message'
  let data: string[] = []
  for await (const line of readLines(stream)) {
    if (line === '') {
      if (data.length > 0) yield { event, data: data.join('\n') }
      event = 'message'
      data = []
      continue
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === 'event') event = value
    if (field === 'data') data.push(value)
  }
}
