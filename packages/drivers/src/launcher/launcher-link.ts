import { driverError, isHearthError, type Log, messageOf } from '@hearth/model'
import type { LauncherClient } from './launcher-client.ts'

export interface LauncherLinkOptions {
  /** Finds the launcher of the home, or starts one. */
  readonly connect: () => Promise<LauncherClient>
  /** Makes a launcher what the one before it was, before anybody else gets it. */
  readonly takeOver: (launcher: LauncherClient) => Promise<void>
  readonly log: Log
}

/** The launcher of one home. When it dies another one takes its place; whoever needs it meanwhile waits. */
export class LauncherLink {
  readonly #options: LauncherLinkOptions
  #client: Promise<LauncherClient> | undefined
  #isClosed = false

  constructor(options: LauncherLinkOptions) {
    this.#options = options
  }

  /** The launcher there is now. @throws `driver_unavailable` after `close`, and what `connect` and `takeOver` throw */
  client(): Promise<LauncherClient> {
    if (this.#isClosed) return Promise.reject(driverError('Unavailable', 'launcher: the driver was closed'))
    this.#client ??= this.#open().catch((error: unknown) => {
      // Whoever asks next tries again.
      this.#client = undefined
      throw error
    })
    return this.#client
  }

  /** Does what may be done twice; once more when the launcher died in its midst and nobody has given it up. */
  async persist(work: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    const before = await this.client()
    try {
      await work()
    } catch (error) {
      if (signal?.aborted || (await this.client()) === before) throw error
      await work()
    }
  }

  /** Lets go of the launcher, and ends it when it has no children. */
  async close(): Promise<void> {
    this.#isClosed = true
    const client = await this.#client?.catch(() => undefined) // whoever asked for it was told
    if (!client) return
    await this.#endIfIdle(client)
    await client.close()
  }

  async #open(): Promise<LauncherClient> {
    const client = await this.#options.connect()
    try {
      await this.#options.takeOver(client)
    } catch (error) {
      await client.close()
      throw error
    }
    void client.closed.then((reason) => this.#lost(reason))
    return client
  }

  #lost(reason: Error | undefined): void {
    this.#client = undefined
    if (this.#isClosed) return
    const { log } = this.#options
    log.warn('launcher.lost', { error: reason?.message })
    // At once, because nobody tells of the end of machines until there is one.
    this.client().catch((error: unknown) => log.error('launcher.not_replaced', { error: messageOf(error) }))
  }

  async #endIfIdle(client: LauncherClient): Promise<void> {
    try {
      await client.shutdown()
      await client.closed
    } catch (error) {
      // Busy: its children are machines that go on.
      if (!isHearthError(error, 'driver_busy')) this.#options.log.warn('launcher.not_ended', { error: messageOf(error) })
    }
  }
}
