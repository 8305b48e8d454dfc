import type { Machine, MachineStats, Receipt } from '@hearth/model'
import type { MachineResource, MachineStatsResource, ReceiptResource } from '@hearth/protocol'
import { timeView } from './time-view.ts'

/** A machine as the API shows it. */
export function machineView(machine: Machine): MachineResource {
  return {
    id: machine.id,
    namespace: machine.namespace,
    host: machine.host,
    ...(machine.name !== undefined && { name: machine.name }),
    state: machine.state,
    ...(machine.failure !== undefined && { failure: machine.failure }),
    driver: machine.driver,
    template: machine.template,
    resources: machine.resources,
    env: { ...machine.config.env },
    labels: { ...machine.config.labels },
    egress: machine.config.egress,
    hostname: machine.hostname,
    machineUuid: machine.machineUuid,
    network: machine.network,
    ...(machine.boot !== undefined && {
      boot: { ...machine.boot, reasons: [...machine.boot.reasons], phasesMs: { ...machine.boot.phasesMs } },
    }),
    ...(machine.receipt !== undefined && { receipt: receiptView(machine.receipt) }),
    ...(machine.restoredFrom !== undefined && { restoredFrom: machine.restoredFrom }),
    createdAt: timeView(machine.createdAt),
    ...(machine.deadlineAt !== undefined && { deadlineAt: timeView(machine.deadlineAt) }),
    ...(machine.config.onTimeout !== undefined && { onTimeout: machine.config.onTimeout }),
    ...(machine.endedAt !== undefined && { endedAt: timeView(machine.endedAt) }),
    rev: machine.rev,
  }
}

/** A receipt as the API shows it. */
export function receiptView(receipt: Receipt): ReceiptResource {
  return { identify: [...receipt.identify], assign: [...receipt.assign], verifiedAt: timeView(receipt.verifiedAt) }
}

/** What the host sees of a machine, and what its guest says where it answers. */
export function statsView(host: MachineStats, guest: MachineStatsResource['guest']): MachineStatsResource {
  return { host: { ...host }, ...(guest !== undefined && { guest }) }
}
