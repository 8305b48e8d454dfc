import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Hearth } from '@hearth/sdk'
import { connect } from '../packages/cli/src/connection/connect.ts'

const quiet = { debug() {}, info() {}, warn: console.error, error: console.error }

/** A server of its own in a home of its own; both are gone when it is disposed of. */
export class HearthUnderTest implements AsyncDisposable {
  readonly hearth: Hearth
  readonly home: string
  /** For files of the bench itself. */
  readonly scratch: string

  private constructor(hearth: Hearth, home: string, scratch: string) {
    this.hearth = hearth
    this.home = home
    this.scratch = scratch
  }

  static async start(): Promise<HearthUnderTest> {
    const home = await mkdtemp(join(tmpdir(), 'hearth-bench-'))
    const scratch = await mkdtemp(join(tmpdir(), 'hearth-bench-files-'))
    const target = { kind: 'home', home } as const
    const hearth = await connect({ target, sockets: true, signal: AbortSignal.timeout(60_000), log: quiet, env: process.env })
    return new HearthUnderTest(hearth, home, scratch)
  }

  /** Builds a template and says so; the reference of the version that was built. */
  async template(name: string, source: string, memoryMiB = 256): Promise<string> {
    console.error(`building ${source} with ${memoryMiB} MiB as ${name}`)
    const { ref } = await this.hearth.templates.build(name, source, { resources: { memoryMiB } })
    return ref
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const machines = await this.hearth.machines.list().toArray()
    await Promise.all(machines.map((machine) => machine.remove()))
    await this.hearth.system.stop()
    // The server has said goodbye; its process writes its compile cache to the last.
    await rm(this.home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    await rm(this.scratch, { recursive: true, force: true })
  }
}
