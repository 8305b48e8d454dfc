import { once } from 'node:events'
import { type Duplex, duplexPair } from 'node:stream'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { QmpClient } from './qmp-client.ts'

/** The other end of a QMP socket, for error paths: answers what a test tells it to, in QEMU's framing. */
class QmpServerDouble {
  readonly near: Duplex
  readonly #far: Duplex
  readonly received: Record<string, unknown>[] = []
  answer: (command: Record<string, unknown>) => unknown = ({ id }) => ({ return: {}, id })

  constructor(greet = true) {
    const [near, far] = duplexPair()
    this.near = near
    this.#far = far
    let text = ''
    far.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        const command = JSON.parse(line) as Record<string, unknown>
        this.received.push(command)
        const reply = this.answer(command)
        if (reply !== undefined) this.say(reply)
      }
    })
    if (greet) this.say({ QMP: { version: {}, capabilities: [] } })
  }

  say(message: unknown): void {
    this.write(`${JSON.stringify(message)}\r\n`)
  }

  write(text: string | Buffer): void {
    this.#far.write(text)
  }

  hangUp(): void {
    this.#far.destroy()
    this.near.destroy()
  }
}

const opened: QmpClient[] = []
afterEach(() => {
  for (const client of opened.splice(0)) client.close()
})

async function open(double: QmpServerDouble): Promise<QmpClient> {
  const client = await QmpClient.over(double.near, 1000)
  opened.push(client)
  return client
}

describe('QmpClient', () => {
  it('leaves negotiation mode and matches answers to commands by id', async () => {
    const double = new QmpServerDouble()
    const client = await open(double)
    const held: unknown[] = []
    double.answer = ({ id, execute }) => {
      held.push({ return: { status: execute }, id })
      if (held.length === 2) for (const reply of held.reverse()) double.say(reply)
      return undefined
    }
    const [first, second] = await Promise.all([client.execute('query-status', {}), client.execute('query-version', {})])
    expect([first, second]).toEqual([{ status: 'query-status' }, { status: 'query-version' }])
    expect(double.received[0]).toMatchObject({ execute: 'qmp_capabilities' })
  })

  it('tells a refusal in the words of QEMU', async () => {
    const double = new QmpServerDouble()
    const client = await open(double)
    double.answer = ({ id }) => ({ error: { class: 'GenericError', desc: 'no such node' }, id })
    await expect(client.execute('stop', {})).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringContaining('no such node'),
    })
  })

  it('gives up on a QEMU that hangs, and still takes the next answer', async () => {
    const double = new QmpServerDouble()
    const client = await open(double)
    double.answer = () => undefined
    await expect(client.execute('stop', {}, 20)).rejects.toMatchObject({ code: 'driver_timeout' })
    double.answer = ({ id }) => ({ return: {}, id })
    await client.execute('cont', {})
  })

  it('gives up on a QEMU that never greets', async () => {
    await expect(QmpClient.over(new QmpServerDouble(false).near, 20)).rejects.toMatchObject({ code: 'driver_timeout' })
  })

  it('rejects everything that waits when QEMU dies', async () => {
    const double = new QmpServerDouble()
    const client = await open(double)
    double.answer = () => undefined
    const waiting = client.execute('stop', {})
    double.hangUp()
    await expect(waiting).rejects.toMatchObject({ code: 'driver_unavailable' })
    await client.closed
    await expect(client.execute('cont', {})).rejects.toMatchObject({ code: 'driver_unavailable' })
  })

  it.each([['not json\n'], ['[1,2]\n'], ['"text"\n'], ['null\n']])('ends the conversation on nonsense: %j', async (nonsense) => {
    const double = new QmpServerDouble()
    const client = await open(double)
    double.answer = () => undefined
    const waiting = client.execute('stop', {})
    double.write(nonsense)
    await expect(waiting).rejects.toMatchObject({ code: 'driver_unavailable', message: expect.stringContaining('nonsense') })
  })

  it('does not collect a line without end', async () => {
    const double = new QmpServerDouble()
    const client = await open(double)
    double.answer = () => undefined
    const waiting = client.execute('stop', {})
    for (let sent = 0; sent < 5; sent++) double.write('x'.repeat(1024 * 1024))
    await expect(waiting).rejects.toMatchObject({ code: 'driver_unavailable' })
  })

  it('hands on events, also between a command and its answer', async () => {
    const double = new QmpServerDouble()
    const client = await open(double)
    double.answer = ({ id }) => {
      double.say({ event: 'STOP', data: { why: 'asked' }, timestamp: {} })
      return { return: {}, id }
    }
    const event = client.nextEvent(({ event }) => event === 'STOP', 1000)
    await client.execute('stop', {})
    expect(await event).toEqual({ event: 'STOP', data: { why: 'asked' } })
  })

  it('reads answers however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }), async (cuts) => {
        const double = new QmpServerDouble()
        const client = await open(double)
        double.answer = ({ id }) => {
          const bytes = Buffer.from(`${JSON.stringify({ return: { status: 'ä€𝄞' }, id })}\n`)
          let at = 0
          for (const cut of [...cuts, bytes.length]) {
            if (at >= bytes.length) break
            double.write(bytes.subarray(at, at + cut))
            at += cut
          }
          return undefined
        }
        expect(await client.execute('query-status', {})).toEqual({ status: 'ä€𝄞' })
        client.close()
        await once(double.near, 'close')
      }),
      { numRuns: 30 },
    )
  })
})
