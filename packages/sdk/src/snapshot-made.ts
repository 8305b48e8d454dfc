import { HearthApiError } from './errors.ts'
import type { Repeatable } from './options.ts'
import type { SnapshotResource } from './resources.ts'
import { repeatable, type Scope } from './scope.ts'

/** For so long the server holds its answer back; then it is asked now and then. */
const waitSeconds = 60
const longestPauseMs = 1000

/** Asks for a snapshot and resolves when it is ready. @throws HearthApiError `state_conflict` when it failed */
export async function snapshotMade(scope: Scope, path: string, json: object, call: Repeatable): Promise<SnapshotResource> {
  const asked = { ...repeatable(call), json, query: { wait: waitSeconds } }
  const { data, response } = await scope.transport.answer<SnapshotResource>('POST', path, asked)
  const where = response.headers.get('location')
  let snapshot = data
  for (let pauseMs = 50; snapshot.state === 'creating' && where !== null; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    await scope.transport.clock.sleep(pauseMs, call.signal)
    snapshot = await scope.transport.json('GET', where, { signal: call.signal, timeoutMs: call.timeoutMs })
  }
  if (snapshot.state !== 'failed') return snapshot
  throw new HearthApiError({
    type: 'urn:hearth:error:state_conflict',
    title: 'Not possible in its present state',
    status: 409,
    code: 'state_conflict',
    detail: `the snapshot ${snapshot.id} failed: ${snapshot.failure ?? 'without a reason'}`,
  })
}
