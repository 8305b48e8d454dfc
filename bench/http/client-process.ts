/** `node client-process.ts SOCKET`: makes requests as it is told over its IPC channel. */
import { asker } from './ask.ts'
import type { Order, Told } from './messages.ts'

const ask = asker(process.argv[2] ?? '')

process.on('message', (order: Order) => {
  void carryOut(order)
    .catch((error: unknown): Told => ({ error: String(error) }))
    .then((told) => process.send?.(told))
})

function carryOut(order: Order): Promise<Told> {
  switch (order.kind) {
    case 'series':
      return series(order.times, () => ask(order.asked).then(() => undefined))
    case 'launches':
      return launches(order.template, order.times)
    case 'load':
      return load(order)
  }
}

async function series(times: number, once: () => Promise<void>): Promise<Told> {
  const samplesMs: number[] = []
  for (let n = 0; n < times; n++) {
    const began = performance.now()
    await once()
    samplesMs.push(performance.now() - began)
  }
  return { samplesMs }
}

async function launches(template: string, times: number): Promise<Told> {
  const samplesMs: number[] = []
  for (let n = 0; n < times; n++) {
    const began = performance.now()
    const { id } = JSON.parse(await ask({ method: 'POST', path: '/v1/machines', body: { template } })) as { id: string }
    samplesMs.push(performance.now() - began)
    await ask({ method: 'DELETE', path: `/v1/machines/${id}` })
  }
  return { samplesMs }
}

async function load({ asked, forMs, connections }: Extract<Order, { kind: 'load' }>): Promise<Told> {
  const began = performance.now()
  let answered = 0
  const lane = async () => {
    while (performance.now() - began < forMs) {
      await ask(asked)
      answered++
    }
  }
  await Promise.all(Array.from({ length: connections }, lane))
  return { answered, tookMs: performance.now() - began }
}
