import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { snapshotId } from '@hearth/conformance'
import { silentLog } from '@hearth/model'
import BetterSqlite from 'better-sqlite3'
import { afterAll, expect, it } from 'vitest'
import { openSqliteStore } from './open-sqlite-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearth-kill-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes machines and snapshots for ever and prints each number once its rows were acknowledged. */
const writer = (path: string): string => `
  import { bareMachine, eventOf, idempotencyRow, machineId, snapshotId, snapshotRow } from ${JSON.stringify(import.meta.resolve('@hearth/conformance'))}
  import { silentLog } from ${JSON.stringify(import.meta.resolve('@hearth/model'))}
  import { openSqliteStore } from ${JSON.stringify(new URL('./open-sqlite-store.ts', import.meta.url).href)}
  const store = await openSqliteStore({ path: ${JSON.stringify(path)}, host: 'home-1', log: silentLog })
  for (let n = 0; ; n++) {
    await store.machines.insert(bareMachine(n), { event: eventOf(n), idempotency: idempotencyRow(n) })
    await store.machines.update(machineId(n), 1, { state: 'running' })
    await store.machines.putSecrets(machineId(n), { token: 'token-' + n, secrets: {} })
    await store.snapshots.insert(snapshotRow(n))
    process.stdout.write(n + '\\n')
  }`

/** Kills the writer when it has acknowledged `atLeast` rows; gives the last number it told of. */
async function writeAndKill(path: string, atLeast: number): Promise<number> {
  const child = spawn(process.execPath, ['--conditions=hearth-source', '--input-type=module', '-e', writer(path)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = once(child, 'exit')
  let last = -1
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line)
    if (last >= atLeast) child.kill('SIGKILL')
  }
  await gone
  return last
}

it('has every acknowledged row after kill -9 at any moment, and nothing half written', async () => {
  for (const [round, atLeast] of [1, 17, 60].entries()) {
    const path = join(folder, `${round}.db`)
    const last = await writeAndKill(path, atLeast)
    expect(last).toBeGreaterThanOrEqual(atLeast)

    const store = await openSqliteStore({ path, host: 'home-1', log: silentLog })
    const machines = await store.machines.list()
    const complete = machines.slice(0, last + 1)
    expect(complete).toHaveLength(last + 1)
    expect(complete.every((machine) => machine.state === 'running' && machine.rev === 2)).toBe(true)
    for (const machine of complete) expect(await store.machines.getSecrets(machine.id)).toBeDefined()
    for (let n = 0; n <= last; n++) expect(await store.snapshots.get(snapshotId(n))).toMatchObject({ rev: 1 })
    // A machine, its event and its record came together, also the last one, whose answer nobody heard.
    const everything = await store.events.after(0, { limit: 100_000 })
    expect(everything.map((event) => event.id)).toEqual(machines.map((machine) => machine.id))
    expect((await store.idempotency.list()).map((record) => record.resource?.id)).toEqual(machines.map((machine) => machine.id))
    await store.close()
    const raw = new BetterSqlite(path, { readonly: true })
    expect(raw.pragma('integrity_check', { simple: true })).toBe('ok')
    raw.close()
  }
})
