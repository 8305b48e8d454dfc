import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { setTimeout as nextLook } from 'node:timers/promises'
import { driverError, isHearthError, type MachineExit, type MachineId, newMachineId } from '@hearth/model'
import { assertDriverError, assertNoTrace, type DriverCase } from './driver-case.ts'
import type { DriverRun } from './driver-run.ts'
import { assertAnswers } from './guest-marks.ts'

/** Booting, connecting, holding and ending machines. */
export const machineCases: readonly DriverCase[] = [
  {
    name: 'boots a machine whose guest answers and runs programs',
    async run(run) {
      const machine = await run.boot()
      const session = await run.session(machine)
      assert.ok(session.hello.protocol >= 1)
      await assertAnswers(run, machine)
    },
  },
  {
    name: 'gives one stream at a time and another when the first is closed',
    async run(run) {
      const machine = await run.restore()
      await assertDriverError(run.driver.connect(machine.id), 'driver_busy')
      await assertAnswers(run, machine)
      machine.guest.close()
      const stream = await connectOnceFree(run, machine.id)
      stream.destroy()
    },
  },
  {
    name: 'refuses to connect to a machine that does not exist',
    async run(run) {
      await assertDriverError(run.driver.connect(newMachineId(run.bed.random)), 'driver_not_found')
    },
  },
  {
    name: 'lists everything of ours with its state and origin',
    async run(run) {
      const [first, second] = [await run.restore(), await run.restore()]
      await run.driver.pause(second.id)
      const listed = await run.driver.list()
      const ours = listed.filter(({ id }) => id === first.id || id === second.id)
      const origin = run.template.snapshot.id
      assert.deepEqual(
        new Map(ours.map(({ id, ...rest }) => [id, rest])),
        new Map([
          [first.id, { state: 'running', restoredFrom: origin }],
          [second.id, { state: 'paused', restoredFrom: origin }],
        ]),
      )
    },
  },
  {
    name: 'pauses and resumes, as often as it is asked',
    inapplicable: (run) => (run.driver.capabilities.pause ? undefined : 'its machines cannot be paused'),
    async run(run) {
      const machine = await run.restore()
      await run.driver.pause(machine.id)
      await run.driver.pause(machine.id)
      assert.equal((await run.driver.list()).find(({ id }) => id === machine.id)?.state, 'paused')
      await run.driver.resume(machine.id)
      await run.driver.resume(machine.id)
      await assertAnswers(run, machine)
    },
  },
  {
    name: 'pulls the cable of a network card and plugs it in again, as often as it is asked',
    async run(run) {
      const machine = await run.restore()
      for (const up of [false, false, true, true]) await run.driver.setLink(machine.id, up)
      await assertAnswers(run, machine)
      await assertDriverError(run.driver.setLink(newMachineId(run.bed.random), false), 'driver_not_found')
    },
  },
  {
    name: 'refuses to pause what cannot be paused',
    inapplicable: (run) => (run.driver.capabilities.pause ? 'its machines can be paused' : undefined),
    async run(run) {
      const machine = await run.restore()
      await assertDriverError(run.driver.pause(machine.id), 'driver_misconfigured')
    },
  },
  {
    name: 'measures a machine',
    async run(run) {
      const machine = await run.restore()
      const stats = await run.driver.stats(machine.id)
      for (const field of ['anonymousBytes', 'residentBytes', 'cpuMs'] as const) {
        assert.ok(Number.isFinite(stats[field]) && stats[field] >= 0, `${field} is ${stats[field]}`)
      }
      assert.ok(stats.residentBytes > 0, 'a running machine has memory')
    },
  },
  {
    name: 'hands out no more of the console than asked for',
    async run(run) {
      const machine = await run.boot()
      await run.session(machine)
      assert.ok((await run.driver.consoleLog(machine.id, 16)).byteLength <= 16)
    },
  },
  {
    name: 'lets the console be followed from where it was read to, and begins anew where it is shorter',
    async run(run) {
      const machine = await run.boot()
      await run.session(machine)
      const whole = await run.driver.consoleFrom(machine.id, 0, 1_048_576)
      assert.equal(whole.start, 0)
      // A machine may boot without a word.
      const read = Math.min(whole.bytes.length, 1)
      const rest = await run.driver.consoleFrom(machine.id, read, 1_048_576)
      assert.equal(rest.start, read)
      assert.deepEqual(Buffer.from(rest.bytes.subarray(0, 8)), Buffer.from(whole.bytes.subarray(read, read + 8)))
      assert.equal((await run.driver.consoleFrom(machine.id, 0, 1)).bytes.length, read)
      const beyond = await run.driver.consoleFrom(machine.id, 1_000_000_000, 16)
      assert.equal(beyond.start, 0)
    },
  },
  {
    name: 'has nothing left of a machine when destroy returns',
    async run(run) {
      const machine = await run.restore()
      await assertAnswers(run, machine)
      assert.notDeepEqual(await run.bed.traces(machine.id), [], 'a machine that runs has traces named after it')
      await run.driver.destroy(machine.id)
      await assertNoTrace(run, machine.id)
      assert.ok(!(await run.driver.list()).some(({ id }) => id === machine.id))
      await assertDriverError(run.driver.connect(machine.id), 'driver_not_found')
    },
  },
  {
    name: 'destroys again, and what never existed, without complaint',
    async run(run) {
      const machine = await run.restore()
      await Promise.all([run.driver.destroy(machine.id), run.driver.destroy(machine.id)])
      await run.driver.destroy(machine.id)
      await run.driver.destroy(newMachineId(run.bed.random))
      await assertNoTrace(run, machine.id)
    },
  },
  {
    name: 'leaves nothing of a boot or a restore that is aborted',
    async run(run) {
      for (const make of ['boot', 'restore'] as const) {
        for (const early of [true, false]) {
          const spec = run.newSpec()
          const abort = new AbortController()
          const reason = driverError('Timeout', 'aborted by the suite')
          if (early) abort.abort(reason)
          const { signal } = abort
          const making =
            make === 'boot' ? run.driver.boot(spec, { signal }) : run.driver.restore(run.template.snapshot, spec, { signal })
          abort.abort(reason)
          await assert.rejects(making, `${make} must reject when it is aborted`)
          await assertNoTrace(run, spec.id)
        }
      }
    },
  },
  {
    name: 'refuses to boot from an image that does not exist',
    async run(run) {
      const spec = { ...run.newSpec(), template: `${run.template.ref}9` as typeof run.template.ref }
      await assertDriverError(run.driver.boot(spec), 'driver_not_found')
      await assertNoTrace(run, spec.id)
    },
  },
  {
    name: 'tells of a guest that powers itself off',
    async run(run) {
      const machine = await run.restore()
      const session = await run.session(machine)
      const exit = nextExit(run.driver, machine.id)
      await session.shutdown('poweroff').catch(() => undefined)
      assert.equal((await exit).reason, 'shutdown')
      await run.destroy(machine)
      await assertNoTrace(run, machine.id)
    },
  },
  {
    name: 'tells of a machine that is killed, and cleans up after it',
    async run(run) {
      const machine = await run.restore()
      await assertAnswers(run, machine)
      const exit = nextExit(run.driver, machine.id)
      await run.bed.crash(machine.id)
      assert.equal((await exit).reason, 'crashed')
      await run.destroy(machine)
      await assertNoTrace(run, machine.id)
    },
  },
  {
    name: 'tells nothing of a machine that was destroyed on request',
    async run(run) {
      const machine = await run.restore()
      const told: MachineExit[] = []
      const stop = run.driver.onExit((exit) => told.push(exit))
      await run.destroy(machine)
      // Another machine's whole life passes, so that late news would have come.
      await run.destroy(await run.restore())
      stop()
      assert.deepEqual(
        told.filter(({ id }) => id === machine.id),
        [],
      )
    },
  },
  {
    name: 'lets go of its machines when closed, and its successor takes them back',
    inapplicable: (run) => (run.bed.restart ? undefined : 'the bed has no successor to offer'),
    async run(run) {
      const machine = await run.restore()
      await assertAnswers(run, machine)
      machine.guest.close()
      await run.driver.close()
      if (run.bed.restart) run.driver = await run.bed.restart()
      const adopted = await run.driver.adopt()
      assert.equal(adopted.find(({ id }) => id === machine.id)?.state, 'running')
      const guest = run.bed.openGuest((options) => run.driver.connect(machine.id, options))
      await assertAnswers(run, { ...machine, guest })
      guest.close()
    },
  },
]

/** A closed stream is free when both ends have seen it. */
async function connectOnceFree(run: DriverRun, id: MachineId): Promise<Duplex> {
  const signal = AbortSignal.timeout(5000)
  for (;;) {
    try {
      return await run.driver.connect(id, { signal })
    } catch (error) {
      if (!isHearthError(error, 'driver_busy') || signal.aborted) throw error
      await nextLook(20)
    }
  }
}

function nextExit(driver: { onExit(listener: (exit: MachineExit) => void): () => void }, id: string): Promise<MachineExit> {
  return new Promise((resolve) => {
    const stop = driver.onExit((exit) => {
      if (exit.id !== id) return
      stop()
      resolve(exit)
    })
  })
}
