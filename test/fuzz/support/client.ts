import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import type { Answered, Asked } from './asked.ts'

/** An answer that takes longer is a server that hangs. */
const answerMs = 20_000
/** What is no HTTP is refused at once. */
const rawMs = 3000
/** Of an answer without end the beginning is read. */
const endlessMs = 20

/** Sends requests as they are written, well formed or not. */
export class Client {
  readonly #port: number
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 })

  constructor(port: number) {
    this.#port = port
  }

  send(asked: Asked): Promise<Answered> {
    return asked.bytes === undefined ? this.#ask(asked) : this.#write(asked.bytes)
  }

  close(): void {
    this.#agent.destroy()
  }

  async #ask({ method, path, headers, body, endless = false }: Asked): Promise<Answered> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asking = request({ port: this.#port, host: '127.0.0.1', agent: this.#agent, method, path, headers })
      asking.setTimeout(answerMs, () => asking.destroy(new Error(`no answer within ${answerMs} ms: ${method} ${path}`)))
      asking.once('response', resolve)
      asking.once('upgrade', (upgraded, socket) => {
        socket.destroy()
        resolve(upgraded)
      })
      asking.once('error', reject)
      asking.end(body)
    })
    const isEndless = endless && (response.statusCode ?? 0) < 300
    const said = response.statusCode === 101 ? '' : await read(response, isEndless)
    const { statusCode: status = 0, headers: answered } = response
    return { status, headers: answered, type: answered['content-type'] ?? '', body: said }
  }

  /** Until the server closes, which it does after what is no HTTP; a request must say "connection: close". */
  async #write(bytes: Buffer): Promise<Answered> {
    const socket = connect(this.#port, '127.0.0.1')
    const chunks: Buffer[] = []
    // An answer without end is one too.
    const late = setTimeout(() => socket.destroy(chunks.length === 0 ? new Error('no answer') : undefined), rawMs)
    socket.write(bytes)
    try {
      for await (const chunk of socket) chunks.push(chunk as Buffer)
    } catch (error) {
      // It may close while we still write, or we have read enough.
      if (!['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error
    } finally {
      clearTimeout(late)
    }
    const said = Buffer.concat(chunks).toString('utf8')
    const [head = '', body = ''] = said.split('\r\n\r\n')
    const status = Number(/^HTTP\/1\.1 ([0-9]{3}) /.exec(head)?.[1] ?? 0)
    return { status, headers: {}, type: /^content-type: *(.*)$/im.exec(head)?.[1]?.trim() ?? '', body }
  }
}

function read(response: IncomingMessage, isEndless: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const done = () => resolve(Buffer.concat(chunks).toString('utf8'))
    const enough = () => {
      done()
      response.destroy()
    }
    const late = isEndless
      ? setTimeout(enough, endlessMs)
      : setTimeout(() => response.destroy(new Error('it never ends')), answerMs)
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.once('end', done)
    response.once('error', (error) => (isEndless ? done() : reject(error)))
    response.once('close', () => clearTimeout(late))
  })
}
