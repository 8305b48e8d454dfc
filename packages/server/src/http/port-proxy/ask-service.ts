import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import type { Duplex } from 'node:stream'
import { HearthError, messageOf } from '@hearth/model'

/** How long a service may take to begin its answer, in milliseconds. */
const answerMs = 120_000

export interface ServiceRequest {
  readonly method: string
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly signal: AbortSignal
}

/** What a service answered: a response, or the beginning of another protocol. */
export type ServiceAnswer =
  | { readonly kind: 'response'; readonly response: IncomingMessage }
  | { readonly kind: 'upgrade'; readonly response: IncomingMessage; readonly head: Buffer }

/**
 * Sends a request (HTTP/1.1) over `stream`, with the body that `send` writes. The stream belongs to it and ends with it.
 * @throws HearthError `guest_unreachable` when there is no answer, or none that is HTTP
 */
export function askService(
  stream: Duplex,
  asked: ServiceRequest,
  send: (request: ClientRequest) => void,
): Promise<ServiceAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, signal } = asked
    const outgoing = request({ method, path, headers, setHost: false, createConnection: () => stream })
    const leave = () => {
      outgoing.destroy(signal.reason as Error)
      // After a change of protocols the request has nothing to do with its stream any more.
      stream.destroy()
    }
    const late = setTimeout(() => outgoing.destroy(new Error(`no answer within ${answerMs / 1000} s`)), answerMs)
    signal.addEventListener('abort', leave, { once: true })
    stream.once('close', () => signal.removeEventListener('abort', leave))
    const refuse = (why: string) => {
      stream.destroy()
      reject(noAnswer(new Error(why)))
    }
    outgoing.once('response', (response) => {
      clearTimeout(late)
      const { statusCode = 0 } = response
      // Node reads any three digits; nobody could be told these.
      if (statusCode < 200 || statusCode > 599) return refuse(`${statusCode} is no status`)
      response.once('close', () => stream.destroy())
      resolve({ kind: 'response', response })
    })
    outgoing.once('upgrade', (response, _stream, head) => {
      clearTimeout(late)
      // What a client that asked for nothing sends next is another request, with its key.
      if (headers.upgrade === undefined) return refuse('it changed protocols unasked')
      resolve({ kind: 'upgrade', response, head })
    })
    outgoing.on('error', (error) => {
      clearTimeout(late)
      stream.destroy()
      reject(noAnswer(error))
    })
    send(outgoing)
  })
}

function noAnswer(error: unknown): HearthError {
  return new HearthError('guest_unreachable', `the service in the machine gave no answer: ${messageOf(error)}`, { cause: error })
}
