import type { MachineId, Name, Pool, PoolEntry, SnapshotId, TemplateRef } from '@hearth/model'
import { poolDefaults } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import { bareMachine, machineId } from './rows.ts'

const name = 'base' as Name

/** The row of a pool. */
function poolRow(): Omit<Pool, 'rev'> {
  return {
    name,
    template: name,
    version: 1,
    driver: 'memory',
    resources: { vcpus: 1, memoryMiB: 128, diskMiB: 64 },
    settings: { ...poolDefaults, validators: [{ kind: 'http', port: 80, path: '/healthz' }] },
    state: 'active',
    createdAt: 5,
  }
}

/** The row of a pool's entry that is ready. */
function entryRow(n: number, host = 'h-1'): Omit<PoolEntry, 'rev'> {
  const { network, machineUuid } = bareMachine(n)
  return {
    id: machineId(n),
    pool: name,
    host,
    state: 'ready',
    template: 'base@1' as TemplateRef,
    driver: 'memory',
    resources: { vcpus: 1, memoryMiB: 128, diskMiB: 64 },
    snapshot: 's-0000000000000001' as SnapshotId,
    canary: false,
    network,
    machineUuid,
    token: 'throw-away',
    identified: [{ name: 'entropy', status: 'done', evidence: '64' }],
    createdAt: n,
    readyAt: n + 1,
  }
}

/** What every store promises of pools. */
export function describePoolRows(store: CurrentStore): void {
  describe('pools', () => {
    it('keep every field, also through changes', async () => {
      const { pools } = store()
      const row = await pools.insert(poolRow())
      expect(row).toEqual({ ...poolRow(), rev: 1 })
      const rollout = {
        version: 2,
        from: 1,
        probationMs: 0,
        state: 'canary' as const,
        canaries: 1,
        validated: 0,
        failed: 0,
        startedAt: 1,
        deadlineAt: 2,
      }
      await pools.update(name, 1, { rollout, state: 'draining' })
      expect(await pools.get(name)).toEqual({ ...poolRow(), rollout, state: 'draining', rev: 2 })
      await pools.delete(name, 2)
      expect(await pools.list()).toEqual([])
    })

    it('have entries of each host, oldest first', async () => {
      const { poolEntries } = store()
      for (const n of [3, 1, 2]) await poolEntries.insert(entryRow(n))
      await poolEntries.insert(entryRow(4, 'h-2'))
      expect((await poolEntries.of('h-1')).map((each) => each.id)).toEqual([machineId(1), machineId(2), machineId(3)])
      expect(await poolEntries.get(machineId(4))).toEqual({ ...entryRow(4, 'h-2'), rev: 1 })
    })
  })

  describe('a claim', () => {
    const secrets = { token: 'new', secrets: { KEY: 'value' } }
    const machineOf = (n: number, change = {}) => ({ ...bareMachine(n), state: 'starting' as const, ...change })

    it('turns an entry into a machine with its secrets and its event', async () => {
      const { poolEntries, machines, events } = store()
      const entry = await poolEntries.insert(entryRow(1))
      const event = { at: 1, kind: 'machine' as const, id: machineId(1), state: 'starting', removed: false, data: {} }
      const before = await events.latest()
      expect(await poolEntries.claim(entry, machineOf(1), secrets, { event })).toEqual({ ...machineOf(1), rev: 1 })
      expect(await poolEntries.get(machineId(1))).toBeUndefined()
      expect(await machines.get(machineId(1))).toEqual({ ...machineOf(1), rev: 1 })
      expect(await machines.getSecrets(machineId(1))).toEqual(secrets)
      expect(await events.after(before, { limit: 10 })).toMatchObject([event])
    })

    it('is won once by many', async () => {
      const { poolEntries } = store()
      const entry = await poolEntries.insert(entryRow(1))
      const tries = await Promise.allSettled(Array.from({ length: 20 }, () => poolEntries.claim(entry, machineOf(1), secrets)))
      expect(tries.filter((each) => each.status === 'fulfilled')).toHaveLength(1)
      for (const each of tries) {
        if (each.status === 'rejected')
          expect(each.reason).toMatchObject({ code: 'store_conflict', details: { table: 'pool_entries' } })
      }
    })

    it('leaves the entry when the name is taken or the request was made before', async () => {
      const { poolEntries, machines, idempotency } = store()
      await machines.insert(machineOf(9, { name: 'web' as Name }))
      const entry = await poolEntries.insert(entryRow(1))
      await expect(poolEntries.claim(entry, machineOf(1, { name: 'web' as Name }), secrets)).rejects.toMatchObject({
        code: 'name_taken',
      })
      const record = { id: 'once', fingerprint: 'f', state: 'pending' as const, host: 'h-1', createdAt: 1 }
      await idempotency.insert(record)
      await expect(poolEntries.claim(entry, machineOf(1), secrets, { idempotency: record })).rejects.toMatchObject({
        code: 'store_conflict',
        details: { table: 'idempotency' },
      })
      expect(await poolEntries.get(machineId(1) as MachineId)).toEqual(entry)
      expect(await machines.get(machineId(1))).toBeUndefined()
      expect(await machines.getSecrets(machineId(1))).toBeUndefined()
    })
  })
}
