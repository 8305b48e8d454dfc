import type { Problem } from '@hearth/protocol'
import type { ByteStream } from './bytes.ts'
import { HearthApiError, HearthConnectionError } from './errors.ts'
import { readLines } from './lines.ts'

interface ServerSentEvent {
  readonly event: string
  readonly data: string
}

/** What the server tells of, one by one. @throws HearthApiError when it says that it cannot go on */
export async function* readEvents<T>(stream: ByteStream): AsyncGenerator<T, void, undefined> {
  for await (const { event, data } of parse(stream)) {
    if (event === 'problem') throw new HearthApiError(JSON.parse(data) as Problem)
    if (event === 'overflow') throw new HearthConnectionError('some events were missed; list anew what you need')
    // Says that a watch has begun; nothing has changed yet.
    if (event === 'ready') continue
    yield JSON.parse(data) as T
  }
}

/** The events of a text/event-stream (WHATWG HTML, section "Server-sent events"); comments and ids are skipped. */
async function* parse(stream: ByteStream): AsyncGenerator<ServerSentEvent, void, undefined> {
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
