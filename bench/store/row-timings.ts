import { bareMachine, eventOf, idempotencyRow, machineId } from '@hearth/conformance'
import { defaultNamespace, type StateStore, type TemplateRef } from '@hearth/model'
import { type Summary, summarise } from '../samples.ts'

/** Numbers of rows that no other part of the measurement has. */
const firstOwn = 1_000_000

/** How long each operation takes that a request or a launch waits for, in a store that is full. */
export async function rowTimings(kind: string, store: StateStore, times: number): Promise<Summary[]> {
  const page = { limit: 100 }
  const operations: Record<string, (n: number) => Promise<unknown>> = {
    'get a machine': (n) => store.machines.get(machineId(1 + (n % 1000))),
    'insert a machine, event and record': (n) => {
      const alongside = { event: eventOf(n), idempotency: { ...idempotencyRow(n), id: `bench ${n}` } }
      return store.machines.insert(bareMachine(firstOwn + n), alongside)
    },
    'update a machine, event': (n) =>
      store.machines.update(machineId(firstOwn + n), 1, { state: 'running' }, { event: eventOf(n) }),
    'live machines': () => store.machines.live({ namespace: defaultNamespace }),
    'page of 100 machines': () => store.machines.page({ namespace: defaultNamespace }, page),
    'page of 100 snapshots': () => store.snapshots.page({ namespace: defaultNamespace }, page),
    'the template’s snapshots': () => store.snapshots.byTemplate('base@1' as TemplateRef, 'template'),
    'usage of a namespace': () => store.snapshots.usage(defaultNamespace),
    'take a lease': (n) => store.leases.take('bench', 'bench', n + 1, n),
    'events behind a number': () => store.events.after(10, page),
  }
  const results: Summary[] = []
  for (const [name, operation] of Object.entries(operations)) {
    const samplesMs: number[] = []
    for (let n = 0; n < times; n++) {
      const began = performance.now()
      await operation(n)
      samplesMs.push(performance.now() - began)
    }
    results.push(summarise({ name: `${kind}: ${name}`, samplesMs }))
  }
  return results
}
