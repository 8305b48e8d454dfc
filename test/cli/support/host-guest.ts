import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { GuestState, MemoryGuest } from '@hearth/drivers'
import type { ReceiptVerifier } from '@hearth/engine'
import { HearthError, type OpenGuest } from '@hearth/model'
import { HostSession } from './host-session.ts'

/** What a guest remembers. */
export interface Remembered {
  env: Record<string, string>
  secrets: Record<string, string>
  hostname: string
  machineUuid: string
  generation: number
}

const nonces = new Map<string, HostGuest>()

/** A guest whose programs run on this computer, in a folder of its own: enough of a machine for a client to talk to. */
export class HostGuest implements MemoryGuest {
  readonly folder = mkdtempSync(join(tmpdir(), 'hearth-guest-'))
  readonly remembered: Remembered
  readonly stops = new Set<() => void>()
  readonly ended: (how: string) => void
  output = 'booted\n'

  constructor(options: { readonly state?: GuestState; readonly ended: (how: string) => void }) {
    mkdirSync(join(this.folder, 'tmp'))
    this.ended = options.ended
    const fresh = { env: {}, secrets: {}, hostname: 'localhost', machineUuid: '', generation: 0 }
    this.remembered = (options.state?.memory as Remembered | undefined) ?? fresh
  }

  serve(stream: Duplex): void {
    stream.on('error', () => stream.destroy())
    stream.on('end', () => stream.destroy())
    stream.once('data', (nonce: Buffer) => {
      nonces.set(nonce.toString(), this)
      stream.write('ok')
    })
  }

  capture(): GuestState {
    return structuredClone({ memory: this.remembered, disk: {} })
  }

  console(): string {
    return this.output
  }

  end(): void {
    for (const stop of this.stops) stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Speaks to host guests: a nonce tells which of them is behind a stream. */
export const openHostGuest: OpenGuest = (connect) => {
  let current: HostSession | undefined
  const session = async (options: { signal?: AbortSignal } = {}) => {
    if (current && !current.isOver) return current
    const stream = await connect(options)
    const nonce = randomBytes(8).toString('hex')
    const answered = new Promise<void>((resolve, reject) => {
      stream.once('data', () => resolve())
      stream.once('close', () => reject(new HearthError('guest_unreachable', 'the stream broke')))
    })
    stream.write(nonce)
    await answered
    stream.resume()
    const guest = nonces.get(nonce)
    nonces.delete(nonce)
    if (!guest) throw new HearthError('guest_protocol', 'there is no such guest')
    current = new HostSession(guest, stream)
    return current
  }
  const connection = {
    session,
    async suspend() {
      return (await session()).quiesce()
    },
    async resume(request: Parameters<HostSession['thaw']>[0]) {
      await (await session()).thaw(request)
    },
    setToken: () => undefined,
    close: () => current?.close(),
  }
  // What the command line does not reach is not there.
  return connection as unknown as ReturnType<OpenGuest>
}

/** Believes what a host guest says; receipts are tested elsewhere. */
export const trustingVerifier: ReceiptVerifier = { identify: () => undefined, assign: () => undefined }
