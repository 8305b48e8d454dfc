/**
 * The real server on real machines, which dies in the pause of the first snapshot: `node dying-server.ts --home HOME --in frozen|captured`.
 * `frozen`: user processes in the guest stand still, its processors run. `captured`: its processors stand still too.
 */
import { parseArgs } from 'node:util'
import type { MachineDriver } from '@hearth/model'
import { afterCapture } from './launcher-intercept.ts'
import { qemuServer } from './qemu-server.ts'

const { values } = parseArgs({
  options: {
    home: { type: 'string', default: '' },
    in: { type: 'string' },
    'quiesce-deadline-ms': { type: 'string', default: '10000' },
  },
})
const die = async () => {
  process.kill(process.pid, 'SIGKILL')
  await new Promise(() => undefined)
}

await qemuServer(values.home, {
  engine: { quiesceDeadlineMs: Number(values['quiesce-deadline-ms']) },
  ...(values.in === 'frozen' ? { wrap: dyingWhenFrozen } : { intercept: afterCapture(die) }),
})
console.log('ready')

function dyingWhenFrozen(driver: MachineDriver): MachineDriver {
  const snapshot: MachineDriver['snapshot'] = (id, plan, options) =>
    driver.snapshot(
      id,
      {
        ...plan,
        quiesce: async () => {
          const result = await plan.quiesce()
          if (plan.mode === 'live') await die()
          return result
        },
      },
      options,
    )
  return new Proxy(driver, {
    get(target, name) {
      if (name === 'snapshot') return snapshot
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
