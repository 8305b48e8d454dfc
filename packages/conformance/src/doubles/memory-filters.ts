import {
  invalidInput,
  liveMachineStates,
  type Machine,
  type MachineFilter,
  type Snapshot,
  type SnapshotFilter,
} from '@hearth/model'

/** Whether a machine has, or may have, something on a host. */
export function isLive({ state }: Machine): boolean {
  return liveMachineStates.some((live) => live === state)
}

/** Whether `machine` agrees with every field of `filter`. */
export function machineFits(filter: MachineFilter): (machine: Machine) => boolean {
  const { namespace, host, states, name, template, driver, restoredFrom, labels } = filter
  refuseNul({ namespace, host, name, driver, restoredFrom })
  return (machine) =>
    same({ namespace, host, name, driver, restoredFrom }, machine) &&
    (states === undefined || states.includes(machine.state)) &&
    ofTemplate(template, machine.template) &&
    labelled(labels, machine.config.labels)
}

/** Whether `snapshot` agrees with every field of `filter`. */
export function snapshotFits(filter: SnapshotFilter): (snapshot: Snapshot) => boolean {
  const { namespace, host, kinds, states, source, parent, template, tag, pinned, labels, createdAfter, createdBefore } = filter
  refuseNul({ namespace, host, source, parent, tag })
  return (snapshot) =>
    same({ namespace, host, source, parent, tag, pinned }, snapshot) &&
    (kinds === undefined || kinds.includes(snapshot.kind)) &&
    (states === undefined || states.includes(snapshot.state)) &&
    ofTemplate(template, snapshot.template) &&
    labelled(labels, snapshot.labels) &&
    (createdAfter === undefined || snapshot.createdAt > createdAfter) &&
    (createdBefore === undefined || snapshot.createdAt < createdBefore)
}

function same<Row extends object>(wanted: Partial<Row>, row: Row): boolean {
  return (Object.keys(wanted) as (keyof Row)[]).every((field) => wanted[field] === undefined || wanted[field] === row[field])
}

function ofTemplate(wanted: string | undefined, ref: string): boolean {
  return wanted === undefined || wanted === ref || wanted === ref.split('@')[0]
}

function labelled(wanted: Readonly<Record<string, string>> | undefined, has: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => Object.hasOwn(has, key) && has[key] === value)
}

/** As a database does that cannot keep it. */
function refuseNul(wanted: object): void {
  for (const [field, value] of Object.entries(wanted)) {
    if (typeof value === 'string' && value.includes('\0')) throw invalidInput(field, value, 'it may hold no NUL character')
  }
}
