import { type ByteStream, iterateBytes } from './bytes.ts'
import { HearthConnectionError } from './errors.ts'

/** No line of ours is longer. */
const maxLineLength = 4 * 1024 * 1024

/** The lines of a UTF-8 stream, without their ends (LF or CRLF). */
export async function* readLines(stream: ByteStream): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of iterateBytes(stream)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > maxLineLength) throw new HearthConnectionError('the server sent a line that does not end')
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}
