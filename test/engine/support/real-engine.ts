import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { createEngine, type Engine, type EngineOptions } from '@hearth/engine'
import { type MachineDriver, type StateStore, silentLog, systemClock } from '@hearth/model'
import { generateSshHostKey, openGuest } from '@hearth/protocol'
import { receiptVerifier } from '@hearth/server'

/** An engine for real machines; not yet started. */
export function realEngine(driver: MachineDriver, store: StateStore, options: Partial<EngineOptions> = {}): Engine {
  return createEngine({
    drivers: [driver],
    store,
    host: 'h-0000000000000000',
    openGuest,
    receipts: receiptVerifier,
    newSshHostKey: () => generateSshHostKey(),
    clock: systemClock,
    random: (size) => randomBytes(size),
    log: silentLog,
    options,
  })
}

/** What a program of a machine writes, and its exit code. */
export async function runIn(
  engine: Pick<Engine, 'machines'>,
  machine: string,
  ...argv: string[]
): Promise<{ code: number; output: Buffer }> {
  const session = await (await engine.machines.guest(machine)).session()
  const handle = await session.exec({ argv })
  handle.stderr.resume()
  const [output, exit] = await Promise.all([buffer(handle.stdout), handle.exit])
  return { code: exit.code, output }
}
