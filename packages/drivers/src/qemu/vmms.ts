import { EventEmitter } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { driverError, type HearthError, type Log, type MachineExit, type MachineId } from '@hearth/model'
import type { LauncherClient } from '../launcher/launcher-client.ts'
import { type Layout, machineFiles } from './layout.ts'
import type { MachineRecord } from './machine-record.ts'
import { QmpClient } from './qmp/qmp-client.ts'
import { tailOf } from './tail.ts'

/** One running QEMU of ours. */
export class Vmm {
  record: MachineRecord
  state: 'running' | 'paused' = 'running'
  /** Someone is ending it on purpose. */
  ending = false
  readonly #directory: string
  readonly #gone = Promise.withResolvers<MachineExit>()
  #qmp: Promise<QmpClient> | undefined
  #agent: Socket | undefined
  #exit: MachineExit | undefined

  constructor(record: MachineRecord, directory: string) {
    this.record = record
    this.#directory = directory
  }

  /** Resolves when the process is gone. */
  get gone(): Promise<MachineExit> {
    return this.#gone.promise
  }

  get exit(): MachineExit | undefined {
    return this.#exit
  }

  /** The one QMP conversation; opened when first needed, because a restore does not need it. */
  qmp(): Promise<QmpClient> {
    if (this.#exit) return Promise.reject(endedError(this.#exit))
    this.#qmp ??= QmpClient.open(join(this.#directory, machineFiles.qmp)).then(
      (client) => {
        void client.closed.then(() => {
          this.#qmp = undefined
        })
        return client
      },
      (error: unknown) => {
        this.#qmp = undefined
        throw error
      },
    )
    return this.#qmp
  }

  /** @throws `driver_busy` while another stream is open: QEMU would never answer a second client */
  connectAgent(): Socket {
    if (this.#exit) throw endedError(this.#exit)
    if (this.#agent) throw driverError('Busy', `machine ${this.record.id} already has a connection to its guest agent`)
    const socket = connect({ path: join(this.#directory, machineFiles.agent), allowHalfOpen: false })
    this.#agent = socket
    socket.once('close', () => {
      this.#agent = undefined
    })
    return socket
  }

  ended(exit: MachineExit): void {
    this.#exit = exit
    this.#agent?.destroy(endedError(exit))
    this.#gone.resolve(exit)
  }

  async close(): Promise<void> {
    this.#agent?.destroy()
    // Whoever asked for it was told that it failed; here there is nothing to close then.
    const qmp = await this.#qmp?.catch(() => undefined)
    qmp?.close()
  }
}

/** All running QEMUs of this host, by machine. */
export class Vmms {
  readonly #vmms = new Map<MachineId, Vmm>()
  readonly #emitter = new EventEmitter<{ exit: [MachineExit] }>()
  readonly #layout: Layout
  readonly #log: Log
  /** Exits of processes that were not entered yet: QEMU can die faster than its spawn is answered. */
  readonly #early = new Map<string, { code?: number | undefined; signal?: number | undefined }>()
  #stopListening: (() => void) | undefined

  constructor(layout: Layout, log: Log) {
    this.#layout = layout
    this.#log = log
  }

  /** From now on this launcher tells which of them have ended. */
  listen(launcher: LauncherClient): void {
    this.#stopListening?.()
    this.#stopListening = launcher.onExit(({ id, code, signal }) => {
      const vmm = this.#vmms.get(id as MachineId)
      if (vmm) void this.#ended(vmm, code, signal)
      else this.#early.set(id, { code, signal })
    })
  }

  enter(record: MachineRecord): Vmm {
    const vmm = new Vmm(record, this.#layout.machine(record.id))
    this.#vmms.set(record.id, vmm)
    const early = this.#early.get(record.id)
    if (early) {
      this.#early.delete(record.id)
      void this.#ended(vmm, early.code, early.signal)
    }
    return vmm
  }

  get(id: MachineId): Vmm | undefined {
    return this.#vmms.get(id)
  }

  /** @throws `driver_not_found` */
  require(id: MachineId): Vmm {
    const vmm = this.#vmms.get(id)
    if (!vmm) throw driverError('NotFound', `there is no machine ${id} on this host`)
    return vmm
  }

  all(): Vmm[] {
    return [...this.#vmms.values()]
  }

  remove(id: MachineId): void {
    this.#vmms.delete(id)
    this.#early.delete(id)
  }

  /** It ended while no launcher watched it. */
  lost(vmm: Vmm): void {
    void this.#ended(vmm, undefined, undefined)
  }

  onExit(listener: (exit: MachineExit) => void): () => void {
    this.#emitter.on('exit', listener)
    return () => this.#emitter.off('exit', listener)
  }

  async close(): Promise<void> {
    this.#stopListening?.()
    await Promise.all(this.all().map((vmm) => vmm.close()))
  }

  async #ended(vmm: Vmm, code: number | undefined, signal: number | undefined): Promise<void> {
    const { id } = vmm.record
    const words = await tailOf(join(this.#layout.machine(id), machineFiles.stderr), 1024)
    // Told twice: by a launcher, and by the look at what lives.
    if (vmm.exit) return
    const how = signal === undefined ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`
    const reason = code === 0 ? 'shutdown' : 'crashed'
    const said = words.trim()
    const exit: MachineExit = { id, reason, detail: said === '' ? `QEMU ended with ${how}` : `QEMU ended with ${how}: ${said}` }
    vmm.ended(exit)
    if (vmm.ending) return
    this.#log.info('vmm.ended', { machine: id, reason, detail: exit.detail })
    this.#emitter.emit('exit', exit)
  }
}

function endedError(exit: MachineExit): HearthError {
  return driverError('Unavailable', `machine ${exit.id} is gone: ${exit.detail}`)
}
