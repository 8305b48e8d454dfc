import { defaultNamespace, liveMachineStates, type MachineState, machineTransitions, type Name } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import { bareMachine, machineId } from './rows.ts'

const name = 'web' as Name
const states = Object.keys(machineTransitions) as MachineState[]
const ended = states.filter((state) => !liveMachineStates.some((live) => live === state))

/** Names of machines. */
export function describeMachineRows(store: CurrentStore): void {
  describe('machine names', () => {
    it.each(liveMachineStates)('are taken while a machine is %s', async (state) => {
      await store().machines.insert(bareMachine(1, { name, state }))
      await expect(store().machines.insert(bareMachine(2, { name }))).rejects.toMatchObject({ code: 'name_taken' })
      expect(await store().machines.get(machineId(2))).toBeUndefined()
      expect((await store().machines.byName(defaultNamespace, name))?.id).toBe(machineId(1))
    })

    it.each(ended)('are free again when a machine is %s', async (state) => {
      await store().machines.insert(bareMachine(1, { name, state }))
      expect(await store().machines.byName(defaultNamespace, name)).toBeUndefined()
      await store().machines.insert(bareMachine(2, { name }))
      expect((await store().machines.byName(defaultNamespace, name))?.id).toBe(machineId(2))
    })

    it('cannot be taken by a change either', async () => {
      await store().machines.insert(bareMachine(1, { name, state: 'lost' }))
      await store().machines.insert(bareMachine(2, { name, state: 'running' }))
      const back = store().machines.update(machineId(1), 1, { state: 'stopping' })
      await expect(back).rejects.toMatchObject({ code: 'name_taken' })
      const nameless = await store().machines.update(machineId(1), 1, { state: 'stopping', name: undefined })
      expect(nameless).toMatchObject({ state: 'stopping', rev: 2 })
    })

    it('are taken in one namespace alone', async () => {
      await store().machines.insert(bareMachine(1, { name }))
      await store().machines.insert(bareMachine(2, { name, namespace: 'other' as Name }))
      expect((await store().machines.byName(defaultNamespace, name))?.id).toBe(machineId(1))
      expect((await store().machines.byName('other' as Name, name))?.id).toBe(machineId(2))
      expect(await store().machines.byName('third' as Name, name)).toBeUndefined()
    })

    it('are no concern of machines without one', async () => {
      for (const number of [1, 2, 3]) await store().machines.insert(bareMachine(number, { state: 'running' }))
      expect(await store().machines.list()).toHaveLength(3)
    })

    it('go to one of many that want the same at once', async () => {
      const wanted = Array.from({ length: 10 }, (_, n) => store().machines.insert(bareMachine(n, { name })))
      const outcomes = await Promise.allSettled(wanted)
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
      expect(await store().machines.list()).toHaveLength(1)
    })
  })
}
