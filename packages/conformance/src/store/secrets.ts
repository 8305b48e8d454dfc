import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import { bareMachine, machineId } from './rows.ts'

const first = { token: 'token-of-the-channel', secrets: { API_KEY: 'hush "1"' } }

/** Secrets, which live beside their machine's row. */
export function describeSecrets(store: CurrentStore): void {
  describe('secrets of a machine', () => {
    it('come back as they were put, and the later ones replace the earlier', async () => {
      await store().machines.insert(bareMachine(1))
      expect(await store().machines.getSecrets(machineId(1))).toBeUndefined()
      await store().machines.putSecrets(machineId(1), first)
      expect(await store().machines.getSecrets(machineId(1))).toEqual(first)
      await store().machines.putSecrets(machineId(1), { token: 'second', secrets: {} })
      expect(await store().machines.getSecrets(machineId(1))).toEqual({ token: 'second', secrets: {} })
    })

    it('are in no row and no list', async () => {
      await store().machines.insert(bareMachine(1))
      await store().machines.putSecrets(machineId(1), first)
      const seen = JSON.stringify([await store().machines.get(machineId(1)), await store().machines.list()])
      expect(seen).not.toContain('hush')
      expect(seen).not.toContain(first.token)
    })

    it('are deleted alone, and deleting none is fine', async () => {
      await store().machines.insert(bareMachine(1))
      await store().machines.putSecrets(machineId(1), first)
      await store().machines.deleteSecrets(machineId(1))
      await store().machines.deleteSecrets(machineId(1))
      expect(await store().machines.getSecrets(machineId(1))).toBeUndefined()
      expect(await store().machines.get(machineId(1))).toBeDefined()
    })

    it('go with the row of their machine', async () => {
      await store().machines.insert(bareMachine(1))
      await store().machines.putSecrets(machineId(1), first)
      await store().machines.delete(machineId(1), 1)
      expect(await store().machines.getSecrets(machineId(1))).toBeUndefined()
    })

    it('are refused for a machine without a row', async () => {
      await expect(store().machines.putSecrets(machineId(1), first)).rejects.toMatchObject({ code: 'machine_not_found' })
    })
  })
}
