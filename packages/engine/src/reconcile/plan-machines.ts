import type { DriverMachine, Machine, MachineId } from '@hearth/model'

/** What is to be done about one machine. */
export type MachineStep =
  /** Runs, or stands still, as its row says. `thaw`: its guest may have been put to rest for a snapshot that will not come. */
  | { readonly kind: 'adopt'; readonly row: Machine; readonly thaw: boolean }
  /** Stands still although its row says that it runs: the crash fell between the two. */
  | { readonly kind: 'note_paused'; readonly row: Machine }
  /** Runs although its row says that it stands still: it was being resumed and has no right time yet. */
  | { readonly kind: 'pause'; readonly row: Machine }
  | { readonly kind: 'lose'; readonly row: Machine }
  /** Was being launched. */
  | { readonly kind: 'roll_back'; readonly row: Machine }
  /** Was being ended. */
  | { readonly kind: 'finish_end'; readonly row: Machine }
  /** On the host, and its row says that it is over, or there is no row. */
  | { readonly kind: 'destroy'; readonly driver: string; readonly id: MachineId; readonly isOver: boolean }

/** What one driver found on its host. */
export interface Found {
  readonly driver: string
  readonly machines: readonly DriverMachine[]
}

/** Decides; `frozen` are the sources of snapshots that were being made. Machines of drivers that are not here are left alone. */
export function planMachines(rows: readonly Machine[], found: readonly Found[], frozen: ReadonlySet<MachineId>): MachineStep[] {
  const steps: MachineStep[] = []
  const here = new Map(found.map((each) => [each.driver, new Map(each.machines.map((machine) => [machine.id, machine]))]))
  for (const row of rows) {
    const onHost = here.get(row.driver)
    if (onHost) steps.push(...planRow(row, onHost.get(row.id), frozen.has(row.id)))
  }
  const known = new Set(rows.map((row) => `${row.driver} ${row.id}`))
  for (const { driver, machines } of found) {
    for (const { id } of machines) if (!known.has(`${driver} ${id}`)) steps.push({ kind: 'destroy', driver, id, isOver: false })
  }
  return steps
}

function planRow(row: Machine, present: DriverMachine | undefined, frozen: boolean): MachineStep[] {
  const alive = present !== undefined && present.state !== 'ended'
  switch (row.state) {
    case 'starting':
      return [{ kind: 'roll_back', row }]
    case 'stopping':
      return [{ kind: 'finish_end', row }]
    case 'running':
      if (!alive) return [{ kind: 'lose', row }]
      return present.state === 'paused' && !frozen ? [{ kind: 'note_paused', row }] : [{ kind: 'adopt', row, thaw: frozen }]
    case 'paused':
      if (!alive) return [{ kind: 'lose', row }]
      return present.state === 'running' ? [{ kind: 'pause', row }] : [{ kind: 'adopt', row, thaw: false }]
    case 'stopped':
    case 'failed':
    case 'lost':
      return present ? [{ kind: 'destroy', driver: row.driver, id: row.id, isOver: true }] : []
  }
}
