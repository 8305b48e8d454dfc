/** `node direct-process.ts HOME`: the same launches without the API, on an engine, a store and a driver of the same kinds. */
import { randomBytes } from 'node:crypto'
import { MemoryDriver, MemoryHost } from '@hearth/drivers'
import { createEngine } from '@hearth/engine'
import { silentLog, systemClock } from '@hearth/model'
import { generateSshHostKey, openGuest } from '@hearth/protocol'
import { receiptVerifier } from '@hearth/server'
import { openSqliteStore } from '@hearth/store'
import type { Order, Told } from './messages.ts'

const host = 'direct'
const store = await openSqliteStore({ path: `${process.argv[2]}/direct.db`, host, log: silentLog })
const engine = createEngine({
  drivers: [new MemoryDriver({ host: new MemoryHost() })],
  store,
  host,
  openGuest,
  receipts: receiptVerifier,
  newSshHostKey: () => generateSshHostKey(),
  clock: systemClock,
  random: (size) => randomBytes(size),
  log: silentLog,
})
await engine.start()
await engine.templates.build({ name: 'base', source: { kind: 'builtin', name: 'base' } })

process.on('message', (order: Order) => {
  if (order.kind === 'launches') void launches(order.template, order.times).then((told) => process.send?.(told))
})
process.once('disconnect', () => void engine.close().then(() => store.close()))
process.send?.({ samplesMs: [] } satisfies Told)

async function launches(template: string, times: number): Promise<Told> {
  const samplesMs: number[] = []
  for (let n = 0; n < times; n++) {
    const began = performance.now()
    const { id } = await engine.launch({ template })
    samplesMs.push(performance.now() - began)
    await engine.machines.destroy(id)
  }
  return { samplesMs }
}
