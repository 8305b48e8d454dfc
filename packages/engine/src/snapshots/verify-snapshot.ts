import { type Cancellable, isHearthError, messageOf, type Snapshot } from '@hearth/model'
import type { Context } from '../context.ts'
import { mustBeHere } from '../machines/find-machine.ts'
import { abortError, LinkedAbort } from '../time/abort.ts'
import type { VerifyOutcome } from './engine-snapshots.ts'
import { mustBeReady } from './find-snapshot.ts'
import { quarantine } from './quarantine.ts'

/** Reads every byte again and notes that it did; what is damaged is taken out of use. */
export async function verifySnapshot(context: Context, row: Snapshot, { signal }: Cancellable = {}): Promise<VerifyOutcome> {
  const { manifest } = mustBeReady(mustBeHere(context, row), 'ready', 'quarantined')
  const { rows, clock } = context
  const abort = new LinkedAbort(signal, context.background.ending)
  const letGo = context.snapshotUses.hold(row.id)
  try {
    await context.drivers.of(manifest.driver).verifySnapshot(manifest, { signal: abort.signal })
    const snapshot = await rows.snapshots.change(row.id, () => ({ verifiedAt: clock.now() }))
    return { ok: true, snapshot }
  } catch (error) {
    if (abort.signal.aborted) throw abortError(abort.signal)
    if (!isHearthError(error, 'driver_corrupt', 'driver_not_found')) throw error
    const detail = messageOf(error)
    await quarantine(context, row.id, detail)
    return { ok: false, snapshot: await rows.snapshots.get(row.id), detail }
  } finally {
    letGo()
    abort.release()
  }
}
