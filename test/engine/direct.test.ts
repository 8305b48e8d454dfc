import { randomBytes } from 'node:crypto'
import { describeDriver } from '@hearth/conformance'
import { MemoryDriver, MemoryHost } from '@hearth/drivers'
import { driverError } from '@hearth/model'
import { DirectGuest, openDirectGuest } from './support/direct-guest.ts'

describeDriver('memory', async () => {
  const host = new MemoryHost()
  const newGuest = (options: ConstructorParameters<typeof DirectGuest>[0]) => new DirectGuest(options)
  const open = () => new MemoryDriver({ host, newGuest })
  return {
    driver: open(),
    openGuest: openDirectGuest,
    source: { kind: 'builtin', name: 'base' },
    resources: { vcpus: 1, memoryMiB: 128, diskMiB: 64 },
    random: randomBytes,
    bootDeadlineMs: 5000,
    traces: async (text) => host.traces(text),
    flipByte: async ({ id }) => host.flipByte(id),
    failNextWrite: async () => {
      host.faults.fail('write', driverError('Unavailable', 'the disk is full'))
      return async () => host.faults.clear()
    },
    crash: async (id) => host.crash(id),
    restart: async () => open(),
    close: async () => undefined,
  }
})
