import type { DriverMachine, Machine, MachineDriver, MachineId } from '@hearth/model'
import type { Context } from '../context.ts'
import { finishEnd, loseMachine } from '../machines/end-machine.ts'
import { forgetMachine } from '../machines/forget-machine.ts'
import { guestOf, thawRequest } from '../machines/guest-of.ts'
import { withDeadline } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { type Found, type MachineStep, planMachines } from './plan-machines.ts'
import type { ReconcileReport } from './report.ts'

export type MachinesReport = Pick<ReconcileReport, 'adopted' | 'lost' | 'rolledBack' | 'orphans'>

/** At start: makes machine rows and hosts agree. One machine that resists does not keep the others from being settled. */
export async function reconcileMachines(context: Context, found: readonly Found[]): Promise<MachinesReport> {
  const rows = await rowsOf(context, found)
  const making = await context.store.snapshots.where({ host: context.host, states: ['creating'] })
  const pooled = new Set((await context.store.poolEntries.of(context.host)).map((each) => each.id))
  const planned = planMachines(rows, found, new Set(making.map((each) => each.source)))
  // What a pool has is looked at by the pools, once the machines are settled.
  const steps = planned.filter((step) => step.kind !== 'destroy' || !pooled.has(step.id))
  const kept = steps.flatMap((step) => (isKept(step) ? [step.row] : []))
  for (const row of [...kept, ...outOfSight(rows, found)]) noteUses(context, row)
  await Promise.all(steps.map((step) => attempt(context.log, `reconcile ${idOf(step)}`, () => carryOut(context, step))))
  return reportOf(steps, kept)
}

/** Later: what differs is compared again in the machine's turn, and left alone while somebody else has that. */
export async function settleMachines(context: Context, drivers: readonly MachineDriver[]): Promise<MachinesReport> {
  const found = await Promise.all(drivers.map(async (driver) => ({ driver: driver.name, machines: await driver.list() })))
  const steps = planMachines(await rowsOf(context, found), found, new Set())
  const done: MachineStep[] = []
  for (const step of steps.filter((each) => each.kind !== 'adopt' && !isSpokenFor(context, each))) {
    const id = idOf(step)
    await attempt(context.log, `reconcile ${id}`, () =>
      context.turns.take(id, [context.background.ending], async () => {
        const now = await planAgain(context, step)
        if (now?.kind !== step.kind) return
        context.log.warn('reconcile.machine', { machine: id, step: now.kind })
        await carryOut(context, now)
        done.push(now)
      }),
    )
  }
  return reportOf(done, [])
}

/** The rows that live here, and those of everything that was found. */
async function rowsOf(context: Context, found: readonly Found[]): Promise<Machine[]> {
  const rows = await context.store.machines.live({ host: context.host })
  const known = new Set(rows.map((row) => row.id))
  for (const { id } of found.flatMap((each) => each.machines)) {
    const row = known.has(id) ? undefined : await context.rows.machines.find(id)
    if (row) rows.push(row)
  }
  return rows
}

/** Whether something is under way with it, or a part of the engine has it although no row says so. */
function isSpokenFor(context: Context, step: MachineStep): boolean {
  const id = idOf(step)
  if (context.turns.isBusy(id)) return true
  return step.kind === 'destroy' && !step.isOver && (context.templateUses.has(id) || context.snapshotUses.has(id))
}

async function planAgain(context: Context, step: MachineStep): Promise<MachineStep | undefined> {
  const id = idOf(step)
  const driver = step.kind === 'destroy' ? step.driver : step.row.driver
  const row = await context.rows.machines.find(id)
  const machines = (await context.drivers.of(driver).list()).filter((each: DriverMachine) => each.id === id)
  return planMachines(row ? [row] : [], [{ driver, machines }], new Set())[0]
}

async function carryOut(context: Context, step: MachineStep): Promise<unknown> {
  switch (step.kind) {
    case 'adopt':
      return step.thaw ? thaw(context, step.row) : undefined
    case 'note_paused':
      return context.rows.machines.change(step.row.id, () => ({ state: 'paused' }), step.row)
    case 'pause':
      return context.drivers.of(step.row.driver).pause(step.row.id)
    case 'lose':
      return loseMachine(context, step.row, 'its process was gone when the server looked')
    case 'roll_back':
      return rollBack(context, step.row)
    case 'finish_end':
      return finishEnd(context, step.row)
    case 'destroy':
      await context.drivers.of(step.driver).destroy(step.id)
      return forgetMachine(context, step.id)
  }
}

async function rollBack(context: Context, row: Machine): Promise<void> {
  await context.drivers.of(row.driver).destroy(row.id)
  await forgetMachine(context, row.id)
  const failure = 'the server ended during the launch'
  const endedAt = context.clock.now()
  await context.rows.machines.change(row.id, () => ({ state: 'failed', failure, endedAt, restoredFrom: undefined }), row)
}

/** The guest goes on by itself after a deadline, but only its host can tell it again what it forgot. */
async function thaw(context: Context, row: Machine): Promise<void> {
  await context.drivers.of(row.driver).resume(row.id)
  const connection = await guestOf(context, row)
  const request = await thawRequest(context, row)
  const limit = { limitMs: context.options.quiesceDeadlineMs, what: `thawing ${row.id}` }
  await withDeadline(context.clock, limit, undefined, (signal) => connection.resume(request, { signal }))
}

function noteUses(context: Context, row: Machine): void {
  context.addresses.restore(row.id, row.network)
  context.templateUses.add(row.template, row.id)
  if (row.restoredFrom) context.snapshotUses.add(row.restoredFrom, row.id)
  context.promisedMemory.add(row.id, row.resources.memoryMiB)
}

/** Live machines of drivers that could not be asked: they keep their addresses and hold what they hold. */
function outOfSight(rows: readonly Machine[], found: readonly Found[]): Machine[] {
  const looked = new Set(found.map((each) => each.driver))
  return rows.filter((row) => !looked.has(row.driver))
}

function reportOf(steps: readonly MachineStep[], kept: readonly Machine[]): MachinesReport {
  const idsOf = (...kinds: readonly MachineStep['kind'][]): MachineId[] =>
    steps.filter((step) => kinds.includes(step.kind)).map(idOf)
  return {
    adopted: kept.map((row) => row.id),
    lost: idsOf('lose'),
    rolledBack: idsOf('roll_back', 'finish_end'),
    orphans: idsOf('destroy'),
  }
}

type KeptStep = Extract<MachineStep, { kind: 'adopt' | 'note_paused' | 'pause' }>

function isKept(step: MachineStep): step is KeptStep {
  return step.kind === 'adopt' || step.kind === 'note_paused' || step.kind === 'pause'
}

function idOf(step: MachineStep): MachineId {
  return step.kind === 'destroy' ? step.id : step.row.id
}
