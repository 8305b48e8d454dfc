import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Asked } from './messages.ts'

/** Asks a server on a unix socket over connections that stay open; anything but success rejects with what was answered. */
export function asker(socketPath: string): (asked: Asked) => Promise<string> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  return ({ method, path, body }) =>
    new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body)
      const headers =
        payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }
      const outgoing = request({ socketPath, method, path, headers, agent }, (answer) => {
        text(answer).then((told) => {
          if ((answer.statusCode ?? 500) < 300) resolve(told)
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${told}`))
        }, reject)
      })
      outgoing.once('error', reject)
      outgoing.end(payload)
    })
}
