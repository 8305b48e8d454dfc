import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PostgresServer } from '../../support/postgres.ts'
import { apiClient, type Call } from './api-client.ts'
import { ServerProcess } from './server-process.ts'

/** One of several servers on one PostgreSQL, in a process of its own. */
export interface SharedServer {
  readonly home: string
  readonly call: Call
  readonly process: ServerProcess
}

/** Real servers in processes and homes of their own, with machines in their memory, that share one PostgreSQL. */
export class SharedServers implements AsyncDisposable {
  readonly #postgres: PostgresServer
  readonly #env: Record<string, string>
  readonly #servers: SharedServer[] = []

  private constructor(postgres: PostgresServer, env: Record<string, string>) {
    this.#postgres = postgres
    this.#env = env
  }

  static async start(env: Record<string, string> = {}): Promise<SharedServers> {
    const postgres = await PostgresServer.start()
    return new SharedServers(postgres, { HEARTH_DATABASE: await postgres.database(), HEARTH_LEASE_SECS: '2', ...env })
  }

  /** Another server; ready when it resolves. */
  async add(env: Record<string, string> = {}): Promise<SharedServer> {
    const home = await mkdtemp(join(tmpdir(), 'hs-'))
    const server = { home, call: apiClient(home), process: await ServerProcess.start(home, { ...this.#env, ...env }) }
    this.#servers.push(server)
    return server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process, home } of this.#servers) {
      await process.kill()
      await rm(home, { recursive: true, force: true })
    }
    await this.#postgres[Symbol.asyncDispose]()
  }
}
