import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, duplexPair } from 'node:stream'
import type { ReceiptVerifier } from '@hearth/engine'
import { HearthError, type OpenGuest } from '@hearth/model'
import { type GuestDoubleOptions, InMemoryGuestDouble } from '@hearth/protocol'
import type { HostMachine, Remembered } from './host-machine.ts'
import { HostSession } from './host-session.ts'

const nonces = new Map<string, HostGuest>()

/** A guest whose programs run on this computer, in a folder of its own: enough of a machine for a client to talk to. */
export class HostGuest extends InMemoryGuestDouble implements HostMachine {
  readonly folder = mkdtempSync(join(tmpdir(), 'hearth-guest-'))
  readonly remembered: Remembered
  #stream: Duplex | undefined

  constructor(options: GuestDoubleOptions, remembered?: Remembered) {
    super(options)
    mkdirSync(join(this.folder, 'tmp'))
    this.remembered = remembered ?? { env: {}, secrets: {}, hostname: 'localhost', machineUuid: '', generation: 0 }
    process.once('exit', () => rmSync(this.folder, { recursive: true, force: true }))
  }

  override connect(): Duplex {
    const [host, inside] = duplexPair()
    this.#stream = inside
    inside.on('error', () => inside.destroy())
    inside.on('end', () => inside.destroy())
    inside.once('data', (nonce: Buffer) => {
      nonces.set(nonce.toString(), this)
      inside.write('ok')
    })
    return host
  }

  override disconnect(): void {
    this.#stream?.destroy()
  }

  override clone(options: GuestDoubleOptions): InMemoryGuestDouble {
    return new HostGuest({ ...this.options, ...options }, structuredClone(this.remembered))
  }

  powerOff(): void {
    this.options.onShutdown?.('poweroff')
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
