import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fullMachine } from '@hearth/conformance'
import { type Machine, silentLog } from '@hearth/model'
import { openSqliteStore } from '@hearth/store'

/** Puts machines that have ended into the state of a home whose server does not run. */
export async function putEndedMachines(home: string, count: number, now: number): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  const store = await openSqliteStore({ path: join(home, 'hearth.db'), host: 'bench', log: silentLog })
  for (let n = 0; n < count; n++) {
    const { name: _name, ...machine } = fullMachine(n + 1)
    const ended: Omit<Machine, 'rev'> = {
      ...machine,
      state: 'stopped',
      host: 'bench',
      createdAt: now - n * 1000,
      endedAt: now - n * 500,
    }
    await store.machines.insert(ended)
  }
  await store.close()
}
