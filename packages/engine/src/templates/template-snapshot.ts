import {
  defaultNamespace,
  driverError,
  HearthError,
  isHearthError,
  type MachineDriver,
  type MachineId,
  newMachineId,
  type Progress,
  type Snapshot,
  type SnapshotManifest,
  type Template,
} from '@hearth/model'
import type { Context } from '../context.ts'
import { newMachineUuid, newToken, type Personality } from '../identity/personality.ts'
import { type BroughtUp, bringUp } from '../launch/bring-up.ts'
import { Phases } from '../launch/phases.ts'
import { startService } from '../launch/start-service.ts'
import { takeSnapshot } from '../snapshots/take-snapshot.ts'
import { LinkedAbort } from '../time/abort.ts'

/** What both machines of a template's build have in common. */
interface BuildStep {
  readonly driver: MachineDriver
  readonly template: Template
  readonly signal: AbortSignal
}

/**
 * Boots a template cold, waits until it serves, freezes it, and proves the snapshot by a restore.
 * Both machines live for this only: no row speaks of them, so a restarted server destroys what is left of them.
 */
export async function makeTemplateSnapshot(
  context: Context,
  driver: MachineDriver,
  template: Template,
  options: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<Snapshot> {
  const { progress, signal } = options
  const step = { driver, template, signal }
  progress('booting')
  return withMachine(context, step, undefined, async (source, up) => {
    if (template.spec.start || template.spec.ready) progress('waiting until it is ready')
    await serve(context, step, source, up)
    // What a first program reads from the disk is then in the memory of every clone.
    await runTrue(step, up)
    progress('freezing')
    return takeSnapshot(
      context,
      {
        kind: 'template',
        namespace: defaultNamespace,
        driver,
        source,
        template: template.ref,
        resources: template.spec.resources,
        config: { env: {}, labels: {}, egress: template.spec.egress },
        connection: up.connection,
        prove: async (manifest) => {
          // A template's source has given its memory away; what is left of it must be gone before its clones come.
          context.guests.drop(source)
          await driver.destroy(source)
          progress('proving the snapshot by a restore')
          await testRestore(context, step, manifest)
        },
      },
      signal,
    )
  })
}

/** Starts the template's service; a machine that ends meanwhile ends the waiting. */
async function serve(context: Context, step: BuildStep, source: MachineId, up: BroughtUp): Promise<void> {
  const abort = new LinkedAbort(step.signal)
  const unwatch = context.exits.watch(source, (error) => abort.abort(error))
  try {
    await startService(up.connection, step.template.spec, {
      clock: context.clock,
      signal: abort.signal,
      consoleTail: async () => Buffer.from(await step.driver.consoleLog(source, 4096)).toString('utf8'),
    })
  } finally {
    unwatch()
    abort.release()
  }
}

/** A restored machine that makes itself its own and runs a program. @throws HearthError why it does not */
async function testRestore(context: Context, step: BuildStep, manifest: SnapshotManifest): Promise<void> {
  await withMachine(context, step, manifest, async (_id, up) => {
    const code = await runTrue(step, up)
    if (code) throw driverError('Corrupt', `in a test restore "true" ended with code ${code}`)
  })
}

/** Runs a program that every usual image has; `undefined` in an image without it. */
async function runTrue({ signal }: BuildStep, { session }: BroughtUp): Promise<number | undefined> {
  const handle = await session.exec({ argv: ['true'] }, { signal }).catch((error) => {
    // The agent has answered, which is all that matters.
    if (isHearthError(error, 'guest_error')) return undefined
    throw error
  })
  handle?.stdout.resume()
  handle?.stderr.resume()
  return (await handle?.exit)?.code
}

/** A machine without a row: brought up, used, and destroyed whatever happens. */
async function withMachine<T>(
  context: Context,
  step: BuildStep,
  from: SnapshotManifest | undefined,
  use: (id: MachineId, up: BroughtUp) => Promise<T>,
): Promise<T> {
  const { driver, template, signal } = step
  const id = newMachineId(context.random)
  if (from && !context.snapshotUses.add(from.id, id))
    throw new HearthError('snapshot_not_ready', `snapshot ${from.id} is being removed`)
  const network = context.addresses.take(id)
  const who: Personality = {
    machineUuid: newMachineUuid(context.random),
    hostname: template.name.replace(/[._]/g, '-'),
    network,
    // What a template's network card keeps of its back end would bind every clone to that back end, so it has none.
    egress: 'none',
    env: template.spec.env,
    secrets: {},
    files: [],
    token: newToken(context.random),
  }
  const spec = {
    id,
    template: template.ref,
    resources: template.spec.resources,
    network,
    egress: 'none' as const,
    ...(!from && { forTemplate: true }),
  }
  const phases = new Phases(context.clock)
  // Its turn says that somebody is at it, although no row does.
  return context.turns.take(id, [signal], async (inTurn) => {
    try {
      const up = await bringUp(context, { driver, spec, who, ...(from && { from }), phases }, inTurn)
      return await use(id, up)
    } finally {
      context.guests.drop(id)
      await driver.destroy(id)
      context.addresses.release(id)
      context.snapshotUses.release(id)
    }
  })
}
