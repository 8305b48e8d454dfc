import type { AuditEntry, KeyId, Name } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import { idempotencyRow, keyRow, machineId, namespaceRow } from './rows.ts'

const entry = (number: number, change: Partial<AuditEntry> = {}): Omit<AuditEntry, 'seq'> => ({
  at: 1_795_400_000_000 + number,
  key: 'k-0000000000000001' as KeyId,
  method: 'POST',
  path: `/v1/machines/${number}`,
  namespace: 'team' as Name,
  status: 201,
  requestId: `r-${number}`,
  ...change,
})

/** Namespaces, keys, idempotency records and the audit log. */
export function describeRecords(store: CurrentStore): void {
  describe('namespaces', () => {
    it('are one from the beginning, and as many as are made', async () => {
      expect((await store().namespaces.list()).map((row) => row.name)).toEqual(['default'])
      const full = { labels: { team: 'a', 'x"\n': '' }, snapshotBytesLimit: 2 ** 50, keepLast: 3 }
      const row = namespaceRow('team', full)
      expect(await store().namespaces.insert(row)).toEqual({ ...row, rev: 1 })
      expect(await store().namespaces.get('team' as Name)).toEqual({ ...row, rev: 1 })
      const { keepLast: _, ...rest } = row
      expect(await store().namespaces.update('team' as Name, 1, { keepLast: undefined })).toEqual({ ...rest, rev: 2 })
      await store().namespaces.delete('team' as Name, 2)
      expect(await store().namespaces.get('team' as Name)).toBeUndefined()
    })
  })

  describe('keys', () => {
    it('come back whole, by id and by hash', async () => {
      const bare = keyRow(1)
      const full = keyRow(2, {
        scope: 'admin',
        namespaces: ['a', 'b'] as Name[],
        requestsPerMinute: 60,
        expiresAt: 1,
        revokedAt: 2,
        lastUsedAt: 3,
        rotatedTo: bare.id,
      })
      for (const row of [bare, full]) {
        await store().keys.insert(row)
        expect(await store().keys.get(row.id)).toEqual({ ...row, rev: 1 })
        expect(await store().keys.byHash(row.hash)).toEqual({ ...row, rev: 1 })
      }
      expect(await store().keys.byHash('f'.repeat(64))).toBeUndefined()
    })

    it('have a hash of their own', async () => {
      await store().keys.insert(keyRow(1))
      await expect(store().keys.insert(keyRow(2, { hash: keyRow(1).hash }))).rejects.toMatchObject({ code: 'store_conflict' })
    })
  })

  describe('idempotency records', () => {
    it('are pending until they are answered, each on its own host', async () => {
      for (const number of [2, 1]) await store().idempotency.insert(idempotencyRow(number))
      await store().idempotency.insert(idempotencyRow(3, { host: 'home-2' }))
      const answer = { state: 'done', status: 201, answer: '{"id":"m"}' } as const
      const { id } = idempotencyRow(2)
      expect(await store().idempotency.update(id, 1, answer)).toEqual({ ...idempotencyRow(2), ...answer, rev: 2 })
      expect(await store().idempotency.pending('home-1')).toEqual([{ ...idempotencyRow(1), rev: 1 }])
      expect((await store().idempotency.pending('home-2')).map((row) => row.resource?.id)).toEqual([machineId(3)])
    })

    it('are forgotten by age', async () => {
      for (const number of [1, 2, 3]) await store().idempotency.insert(idempotencyRow(number))
      expect(await store().idempotency.prune(idempotencyRow(3).createdAt)).toBe(2)
      expect((await store().idempotency.list()).map((row) => row.id)).toEqual([idempotencyRow(3).id])
    })
  })

  describe('the audit log', () => {
    it('gives pages of what was written, newest first', async () => {
      const { key: _, namespace: __, ...bare } = entry(3)
      await store().audit.append([entry(1), entry(2)])
      await store().audit.append([bare])
      await store().audit.append([])
      const first = await store().audit.page({ limit: 2 })
      expect(first.items.map(({ seq: _seq, ...rest }) => rest)).toEqual([bare, entry(2)])
      const second = await store().audit.page({ limit: 2, cursor: first.next ?? '' })
      expect(second.items.map(({ seq: _seq, ...rest }) => rest)).toEqual([entry(1)])
      expect(second.next).toBeUndefined()
      await expect(store().audit.page({ limit: 0 })).rejects.toMatchObject({ code: 'invalid_input' })
    })

    it('is forgotten by age', async () => {
      await store().audit.append([entry(1), entry(2), entry(3)])
      expect(await store().audit.prune(entry(3).at)).toBe(2)
      expect((await store().audit.page({ limit: 10 })).items).toHaveLength(1)
    })
  })
}
