import {
  defaultNamespace,
  HearthError,
  type MachineExit,
  type MachineId,
  messageOf,
  type Name,
  parseName,
  silentMeter,
} from '@hearth/model'
import type { Context } from './context.ts'
import { Deadlines } from './deadlines/deadlines.ts'
import { timeIsUp } from './deadlines/time-is-up.ts'
import { readDeadlines, watchDeadlines } from './deadlines/watch-deadlines.ts'
import type { Engine, NamespaceEngine } from './engine.ts'
import { EventHub } from './events/event-hub.ts'
import { resolvePending } from './idempotency/resolve-pending.ts'
import { Underway } from './idempotency/underway.ts'
import { AddressBook } from './identity/addresses.ts'
import { DriverSet } from './machines/driver-set.ts'
import { noteExit } from './machines/end-machine.ts'
import { ExitWatch } from './machines/exit-watch.ts'
import { Guests } from './machines/guests.ts'
import { Machines } from './machines/machines.ts'
import { meteredDriver } from './machines/metered-driver.ts'
import { Turns } from './machines/turns.ts'
import { Uses } from './machines/uses.ts'
import { Namespaces } from './namespaces/namespaces.ts'
import { defaultEngineOptions, type EngineParts } from './parts.ts'
import { Claims } from './pool/claims.ts'
import { Pools } from './pool/pools.ts'
import { PromisedMemory } from './pool/promised-memory.ts'
import { Reconciler } from './reconcile/reconciler.ts'
import { Retention } from './retention/retention.ts'
import { Scrub } from './retention/scrub.ts'
import { Outages } from './rows/outages.ts'
import { openRows } from './rows/rows.ts'
import { forkMachine } from './snapshots/fork-machine.ts'
import { launchIn } from './snapshots/restore-snapshot.ts'
import { Snapshots } from './snapshots/snapshots.ts'
import { Templates } from './templates/templates.ts'
import { Background } from './time/background.ts'

/** Puts an engine together. Nothing runs until `start`. */
export function createEngine(parts: EngineParts): Engine {
  const { context, pools } = contextOf(parts)
  const templates = new Templates(context)
  const namespaces = new Namespaces(context)
  const reconciler = new Reconciler(context)
  const retention = new Retention(context)
  const scrub = new Scrub(context)
  const stopListening: (() => void)[] = []
  return {
    ...namespaceEngine(context, defaultNamespace),
    in: (namespace) => namespaceEngine(context, parseName(namespace, 'namespace')),
    templates,
    events: context.events,
    namespaces,
    retention,
    pools,

    async start() {
      const early: MachineExit[] = []
      let listen = (exit: MachineExit): unknown => early.push(exit)
      for (const driver of context.drivers.all) stopListening.push(driver.onExit((exit) => void listen(exit)))
      stopListening.push(mendDamaged(context, templates))
      await namespaces.start()
      stopListening.push(watchDeadlines(context))
      const report = await reconciler.start()
      listen = (exit) =>
        pools.held.noteExit(exit) || context.background.run(`note the end of ${exit.id}`, () => noteExit(context, exit))
      for (const exit of early) listen(exit)
      await readDeadlines(context)
      await pools.held.start()
      reconciler.repeat()
      retention.start()
      scrub.start()
      return report
    },

    reconcile: () => reconciler.again(),

    resolvePending: (record) => resolvePending(context, record),

    async settled() {
      await context.background.idle()
      await pools.held.settled()
    },

    async close() {
      await pools.held.close(context.options.drainBudgetMs)
      await context.background.close(new HearthError('cancelled', 'the server is ending'))
      await Promise.all([reconciler.stopped(), retention.stopped(), scrub.stopped()])
      await context.turns.idle()
      for (const stop of stopListening.splice(0)) stop()
      context.guests.close()
      for (const driver of context.drivers.all) {
        await driver
          .close()
          .catch((error) => context.log.error('driver.close_failed', { driver: driver.name, error: messageOf(error) }))
      }
    },
  }
}

function namespaceEngine(context: Context, namespace: Name): NamespaceEngine {
  return {
    namespace,
    machines: new Machines(context, namespace),
    snapshots: new Snapshots(context, namespace),

    launch: async (request, options) => (await launchIn(context, namespace, request, options)).machine,

    fork: (machine, request, options) => forkMachine(context, namespace, machine, request, options),
  }
}

/** A template whose snapshot was found damaged gets a new one while launches of it boot cold. */
function mendDamaged(context: Context, templates: Templates): () => void {
  return context.events.subscribe(({ kind, row }) => {
    if (kind !== 'snapshot' || row.kind !== 'template' || row.state !== 'quarantined') return
    context.background.run(`mend ${row.template}`, (ending) => templates.mend(row.template, ending))
  })
}

function contextOf(parts: EngineParts): { readonly context: Context; readonly pools: Pools } {
  const { store, host, clock, random, log, receipts, newSshHostKey } = parts
  const meter = parts.meter ?? silentMeter
  const events = new EventHub(log)
  const outages = new Outages()
  const endTimeOf = (id: MachineId) => context.background.run(`end the time of ${id}`, () => timeIsUp(context, id))
  const context: Context = {
    drivers: new DriverSet(parts.drivers.map((driver) => meteredDriver(driver, meter))),
    store,
    rows: openRows(store, events, clock, outages),
    outages,
    events,
    guests: new Guests(parts.openGuest, log),
    exits: new ExitWatch(),
    snapshotUses: new Uses(),
    templateUses: new Uses(),
    namespaceUses: new Uses(),
    addresses: new AddressBook(random),
    underway: new Underway(),
    deadlines: new Deadlines(clock, endTimeOf),
    promisedMemory: new PromisedMemory(),
    warm: {
      launch: (order, phases, signal) => pools.launch(order, phases, signal),
      promise: (id, memoryMiB) => pools.promise(id, memoryMiB),
    },
    turns: new Turns(),
    background: new Background(log),
    receipts,
    newSshHostKey,
    host,
    meter,
    failpoint: parts.failpoint ?? (() => undefined),
    clock,
    random,
    log,
    options: { ...defaultEngineOptions, ...parts.options },
  }
  const pools = new Pools({
    ...context,
    background: new Background(log),
    loops: new Background(log),
    validators: parts.validators ?? {},
    claims: new Claims(clock),
  })
  return { context, pools }
}
