import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryDriver, MemoryHost } from '@hearth/drivers'
import { createEngine, type ValidatorInput } from '@hearth/engine'
import { type Cancellable, HearthError, type MachineSpec, type SnapshotManifest, silentLog, systemClock } from '@hearth/model'
import { generateSshHostKey, openGuest } from '@hearth/protocol'
import { receiptVerifier } from '@hearth/server'
import { openSqliteStore } from '@hearth/store'

/**
 * A driver of one's own. This one runs its machines as the in-memory driver does, and notes each restore; one for another kind of
 * machine implements `MachineDriver` and passes the conformance suite of `@hearth/conformance`.
 */
class LabDriver extends MemoryDriver {
  override readonly name = 'lab'
  restores = 0

  override async restore(snapshot: SnapshotManifest, spec: MachineSpec, options?: Cancellable): Promise<void> {
    this.restores += 1
    await super.restore(snapshot, spec, options)
  }
}

/** A validator of one's own: no machine counts, and none is handed out, in which "true" fails. */
async function runsPrograms({ connection, signal }: ValidatorInput): Promise<void> {
  const session = await connection.session({ signal })
  const program = await session.exec({ argv: ['true'] }, { signal })
  program.stdout.resume()
  program.stderr.resume()
  const { code } = await program.exit
  if (code !== 0) throw new HearthError('guest_error', `"true" ended with code ${code}`)
}

/** What the example has seen. */
export interface Seen {
  readonly restores: number
  readonly claimed: readonly {
    readonly machine: string
    readonly method: string | undefined
    readonly tookMs: number | undefined
  }[]
  readonly depth: number
  readonly hits: number
}

/** Keeps three machines ready, hands two of them out, and says how it went. */
export async function embeddedPool(say: (line: string) => void = console.log): Promise<Seen> {
  const home = await mkdtemp(join(tmpdir(), 'hearth-example-'))
  const host = 'h-00000000000000aa'
  const driver = new LabDriver({ host: new MemoryHost() })
  const store = await openSqliteStore({ path: join(home, 'state.db'), host, log: silentLog })
  const engine = createEngine({
    drivers: [driver],
    store,
    host,
    openGuest,
    receipts: receiptVerifier,
    newSshHostKey: () => generateSshHostKey(),
    clock: systemClock,
    random: (size) => randomBytes(size),
    log: silentLog,
    validators: { 'runs-programs': runsPrograms },
  })
  try {
    await engine.start()
    await engine.templates.build({ name: 'lab', source: { kind: 'builtin', name: 'base' } })
    const validators = [{ kind: 'guest' as const }, { kind: 'custom' as const, name: 'runs-programs' }]
    await engine.pools.set('lab', { settings: { min: 1, max: 3, validators } })
    await engine.pools.warm('lab', { progress: (step) => say(step) })

    const claimed = []
    for (const student of ['ada', 'grace']) {
      const { id, boot } = await engine.launch({
        template: 'lab',
        name: student,
        env: { STUDENT: student },
        timeoutMs: 3_600_000,
      })
      claimed.push({ machine: id, method: boot?.method, tookMs: boot?.totalMs })
      say(`${student} has ${id}: ${boot?.method}, ${boot?.totalMs} ms`)
    }
    const { depth, counters } = await engine.pools.get('lab')
    for (const { id } of await engine.machines.list()) await engine.machines.destroy(id)
    return { restores: driver.restores, claimed, depth, hits: counters.hits }
  } finally {
    await engine.close()
    await store.close()
    await rm(home, { recursive: true, force: true })
  }
}

if (import.meta.main) await embeddedPool()
