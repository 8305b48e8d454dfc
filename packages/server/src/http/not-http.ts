import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { HearthError } from '@hearth/model'
import { problemContentType } from '@hearth/protocol'
import { problemOf } from './problem.ts'

const refusals: Readonly<Record<string, { readonly status: number; readonly why: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, why: 'the request did not arrive in time' },
  HPE_HEADER_OVERFLOW: { status: 431, why: 'the headers are too long: 16 KiB are allowed' },
}
const nonsense = { status: 400, why: 'this is no HTTP request' }

/** Answers what cannot be read as a request, and closes its connection. */
export function refuseWhatIsNoHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const { status, why } = refusals[error.code ?? ''] ?? nonsense
  const body = JSON.stringify({ ...problemOf(new HearthError('invalid_input', why)), status })
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: ${problemContentType}`
  if (socket.writable) socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, () => socket.destroy())
  else socket.destroy()
}
