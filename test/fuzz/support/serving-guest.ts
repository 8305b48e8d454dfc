import { createServer } from 'node:http'
import { duplexPair } from 'node:stream'
import type { GuestSession, OpenGuest } from '@hearth/model'
import { openGuest } from '@hearth/protocol'

/** A web service listens there in every machine. */
export const servicePort = 8080

const service = createServer((asked, reply) => {
  asked.on('data', () => undefined)
  asked.on('end', () => reply.writeHead(200, { 'content-type': 'text/plain' }).end(`${asked.method} ${asked.url}`))
})

/** Opens guests as the server does, and finds a web service in each. */
export const openServingGuest: OpenGuest = (connect, options) => {
  const connection = openGuest(connect, options)
  return {
    session: async (deadline) => serving(await connection.session(deadline)),
    suspend: (deadlineMs, deadline) => connection.suspend(deadlineMs, deadline),
    resume: (request, deadline) => connection.resume(request, deadline),
    setToken: (token) => connection.setToken(token),
    close: () => connection.close(),
  }
}

function serving(session: GuestSession): GuestSession {
  return new Proxy(session, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (key !== 'dial' || args[0] !== servicePort) return Reflect.apply(value, target, args)
        const [near, far] = duplexPair()
        service.emit('connection', far)
        return Promise.resolve(near)
      }
    },
  })
}
