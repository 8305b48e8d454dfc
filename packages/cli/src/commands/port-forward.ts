import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { MachineRef, PortStream } from '@hearth/sdk'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import type { PortPair } from '../input/port-pair.ts'

/** `hearth port-forward MACHINE LOCAL:REMOTE…`: until Ctrl-C. */
export async function portForward(context: Context, ref: string, pairs: readonly PortPair[]): Promise<void> {
  const hearth = await context.connect({ sockets: true })
  const machine = hearth.machines.ref(ref)
  // Says at once that there is no such machine, not with the first connection.
  await machine.get({ signal: context.signal })
  const servers = await Promise.all(pairs.map((pair) => listen(context, machine, pair)))
  const ports = servers.map((server, index) => ({
    local: (server.address() as AddressInfo).port,
    remote: pairs[index]?.remote,
  }))
  context.print(ports, () => ports.map(({ local, remote }) => `127.0.0.1:${local} -> ${ref}:${remote}`).join('\n'))
  await new Promise((_, reject) => {
    context.signal.addEventListener('abort', () => reject(context.signal.reason), { once: true })
    if (context.signal.aborted) reject(context.signal.reason)
  })
}

async function listen(context: Context, machine: MachineRef, pair: PortPair): Promise<Server> {
  // Each direction ends on its own, as TCP's do.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    carry(context, machine, pair.remote, socket).catch((error: Error) => {
      socket.destroy()
      if (!context.signal.aborted) context.say(`a connection to port ${pair.remote} ended: ${error.message}`)
    })
  })
  server.listen(pair.local, '127.0.0.1')
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    throw new CliError(`the local port ${pair.local} cannot be used: ${(error as Error).message}`, {
      hint: `Choose another one, or let one be chosen: hearth port-forward ${machine.ref} 0:${pair.remote}`,
      cause: error,
    })
  }
}

async function carry(context: Context, machine: MachineRef, port: number, socket: Socket): Promise<void> {
  const stream = await machine.dial(port, { signal: context.signal })
  context.log.debug('forward.open', { port, from: socket.remotePort })
  try {
    await Promise.all([sendAll(socket, stream), pipeline(Readable.from(stream), socket)])
  } finally {
    stream.close()
    socket.destroy()
  }
}

async function sendAll(socket: Socket, stream: PortStream): Promise<void> {
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) await stream.write(chunk)
  await stream.end()
}
