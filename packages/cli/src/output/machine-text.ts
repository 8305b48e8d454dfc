import type { MachineResource, ReceiptResource } from '@hearth/sdk'
import { facts, table } from './table.ts'
import { age, duration } from './units.ts'

/** One line a machine. */
export function machineTable(machines: readonly MachineResource[], nowMs: number): string {
  const rows = machines.map((machine) => [
    machine.id,
    machine.name ?? '-',
    machine.state,
    machine.template,
    machine.boot ? `${machine.boot.method} ${duration(machine.boot.totalMs)}` : '-',
    machine.network.address,
    age(machine.createdAt, nowMs),
  ])
  return table(['ID', 'NAME', 'STATE', 'TEMPLATE', 'BOOT', 'ADDRESS', 'AGE'], rows)
}

/** Everything about one machine. */
export function machineText(machine: MachineResource): string {
  const { resources, network, boot, receipt } = machine
  const main = facts([
    ['id', machine.id],
    ['name', machine.name],
    ['state', machine.state],
    ['failure', machine.failure],
    ['template', machine.template],
    ['driver', machine.driver],
    ['hostname', machine.hostname],
    ['machine id', machine.machineUuid],
    ['resources', `${resources.vcpus} vCPU, ${resources.memoryMiB} MiB memory, ${resources.diskMiB} MiB disk`],
    ['network', `${network.address} ${network.mac} (egress ${machine.egress})`],
    ['env', pairs(machine.env)],
    ['labels', pairs(machine.labels)],
    ['restored from', machine.restoredFrom],
    ['created', machine.createdAt],
    ['ended', machine.endedAt],
    ['boot', boot && `${boot.method} in ${duration(boot.totalMs)}`],
    [
      'phases',
      boot &&
        Object.entries(boot.phasesMs)
          .map(([phase, ms]) => `${phase} ${duration(ms)}`)
          .join(', '),
    ],
    ['why not warmer', boot?.reasons.map(({ code, detail }) => (detail === '' ? code : `${code} (${detail})`)).join('; ')],
    ['receipt', receipt && receiptSummary(receipt)],
  ])
  return main
}

/** What was personalised, item by item. */
export function receiptText(receipt: ReceiptResource): string {
  const parts = (['identify', 'assign'] as const).flatMap((part) =>
    receipt[part].map((item) => [part, item.name, item.status, item.evidence, item.detail ?? '']),
  )
  return `${table(['PART', 'ITEM', 'STATUS', 'EVIDENCE', 'DETAIL'], parts)}\nverified at ${receipt.verifiedAt}`
}

function receiptSummary(receipt: ReceiptResource): string {
  const items = [...receipt.identify, ...receipt.assign]
  const count = (status: string) => items.filter((item) => item.status === status).length
  return `${count('done')} done, ${count('not_applicable')} not applicable, verified at ${receipt.verifiedAt}`
}

function pairs(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
