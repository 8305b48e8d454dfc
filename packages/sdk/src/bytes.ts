/**
 * Bytes that arrive over time.
 *
 * ```ts
 * const console: ByteStream = await machine.logs()
 * for await (const chunk of iterateBytes(console)) assert.ok(chunk instanceof Uint8Array)
 * ```
 */
export type ByteStream = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>

/**
 * What can be sent as the content of a file. A stream is sent with back-pressure where the platform's `fetch` has it.
 *
 * ```ts
 * const contents: ByteSource[] = ['text', new Uint8Array(3), new Blob(['blob']), new Blob(['stream']).stream()]
 * for (const content of contents) await machine.files.write('/tmp/any', content)
 * ```
 */
export type ByteSource = string | Uint8Array | Blob | ByteStream

/**
 * Reads a stream chunk by chunk; leaving the loop early cancels it.
 *
 * ```ts
 * let size = 0
 * for await (const chunk of iterateBytes(new Blob(['abc']).stream())) size += chunk.byteLength
 * assert.equal(size, 3)
 * ```
 */
export async function* iterateBytes(stream: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  if (isIterable(stream)) {
    yield* stream
    return
  }
  // Safari's ReadableStream cannot be iterated.
  const reader = (stream as ReadableStream<Uint8Array>).getReader()
  let finished = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) {
        finished = true
        return
      }
      yield value
    }
  } finally {
    if (!finished) await reader.cancel()
    reader.releaseLock()
  }
}

function isIterable(stream: ByteStream): stream is AsyncIterable<Uint8Array> {
  return Symbol.asyncIterator in stream
}

/** All bytes of a stream. */
export async function collectBytes(stream: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of iterateBytes(stream)) chunks.push(chunk)
  return joinBytes(chunks)
}

/** One array of many. */
export function joinBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0))
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  return whole
}

/** What `fetch` accepts as a body: every platform's takes these four. */
export function asBody(source: ByteSource): string | Uint8Array | Blob | ReadableStream<Uint8Array> {
  const isIterable = typeof source === 'object' && Symbol.asyncIterator in source
  if (!isIterable || source instanceof ReadableStream) return source as Exclude<ByteSource, AsyncIterable<Uint8Array>>
  const iterator = source[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}
