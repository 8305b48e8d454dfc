import type { Machine, NewEvent, Snapshot, Template } from '@hearth/model'

type Unsaved<Row> = Omit<Row, 'rev'>

/** What is recorded when a machine changes state. */
export function machineEvent(row: Unsaved<Machine>, removed: boolean, at: number): NewEvent {
  const { id, namespace, state, name, template, failure, boot, driver } = row
  const data = { ...(name && { name }), template, driver, ...(failure && { failure }), ...(boot && { boot: boot.method }) }
  return { at, kind: 'machine', id, namespace, state, removed, data }
}

/** What is recorded when a snapshot changes state. */
export function snapshotEvent(row: Unsaved<Snapshot>, removed: boolean, at: number): NewEvent {
  const { id, namespace, state, kind, source, template, tag, failure } = row
  const data = { kind, source, template, ...(tag !== undefined && { tag }), ...(failure && { failure }) }
  return { at, kind: 'snapshot', id, namespace, state, removed, data }
}

/** What is recorded when a template version changes state. */
export function templateEvent(row: Unsaved<Template>, removed: boolean, at: number): NewEvent {
  const { ref, state, failure } = row
  return { at, kind: 'template', id: ref, state, removed, data: failure ? { failure } : {} }
}
