import { type DriverMachineState, type Machine, type MachineId, type MachineState, machineTransitions } from '@hearth/model'
import { expect, it } from 'vitest'
import { planMachines } from './plan-machines.ts'

const id = 'm-0000000000000001' as MachineId
const machine = (state: MachineState) => ({ id, state, driver: 'here' }) as Machine
const nobody: ReadonlySet<MachineId> = new Set()

function plan(state: MachineState | undefined, onHost: DriverMachineState | undefined, frozen = nobody): string[] {
  const machines = onHost ? [{ id, state: onHost }] : []
  const steps = planMachines(state ? [machine(state)] : [], [{ driver: 'here', machines }], frozen)
  return steps.map((step) => (step.kind === 'adopt' && step.thaw ? 'adopt and thaw' : step.kind))
}

it.each<[MachineState, DriverMachineState | undefined, string[]]>([
  ['starting', 'running', ['roll_back']],
  ['starting', undefined, ['roll_back']],
  ['running', 'running', ['adopt']],
  ['running', 'paused', ['note_paused']],
  ['running', 'ended', ['lose']],
  ['running', undefined, ['lose']],
  ['paused', 'paused', ['adopt']],
  ['paused', 'running', ['pause']],
  ['paused', undefined, ['lose']],
  ['stopping', 'running', ['finish_end']],
  ['stopping', undefined, ['finish_end']],
  ['stopped', undefined, []],
  ['stopped', 'running', ['destroy']],
  ['failed', 'paused', ['destroy']],
  ['lost', 'ended', ['destroy']],
  ['lost', undefined, []],
])('a row that says %s and a host that says %s: %j', (state, onHost, steps) => {
  expect(plan(state, onHost)).toEqual(steps)
})

it('lets the source of a half-made snapshot go on', () => {
  expect(plan('running', 'paused', new Set([id]))).toEqual(['adopt and thaw'])
  expect(plan('running', 'running', new Set([id]))).toEqual(['adopt and thaw'])
})

it('destroys what no row knows', () => {
  expect(plan(undefined, 'running')).toEqual(['destroy'])
})

it('leaves machines of a driver that is not here alone', () => {
  for (const state of Object.keys(machineTransitions) as MachineState[]) {
    expect(planMachines([{ ...machine(state), driver: 'elsewhere' }], [{ driver: 'here', machines: [] }], nobody)).toEqual([])
  }
})
