import type { DriverErrorKind, ErrorCode } from '@hearth/model'
import { fingerprintOf } from '../../../packages/server/src/http/idempotency/fingerprint.ts'
import type { Answered } from './asked.ts'
import type { FuzzedServer } from './fuzzed-server.ts'
import type { World } from './world.ts'

interface Stage {
  readonly world: World
  readonly server: FuzzedServer
}

type Provoke = (stage: Stage) => Promise<Answered>

const post =
  (path: string, body?: unknown): Provoke =>
  ({ world }) =>
    world.send('POST', path, body)

const launch = (more: object = {}) => post('/v1/machines', { template: 'base', ...more })
const build =
  (more: object = {}): Provoke =>
  ({ world }) =>
    world.send('POST', '/v1/templates?wait=30', { name: world.name(), source: 'builtin:base', ...more })

/** A driver that fails in this way while it restores a machine of a snapshot. */
const failing =
  (kind: DriverErrorKind): Provoke =>
  async ({ world, server }) => {
    await server.order({ do: 'fail', point: 'restore', kind })
    return world.send('POST', `/v1/snapshots/${await world.newSnapshot('default')}/restore`, {})
  }

/** As the holder of a new key. */
async function withKey(world: World, key: object, method: string, path: string): Promise<Answered> {
  const { key: secret } = await world.ask('POST', '/v1/keys', { name: 'provoked', ...key })
  return world.send(method, path, method === 'POST' ? {} : undefined, { authorization: `Bearer ${String(secret)}` })
}

const refused: Partial<Record<ErrorCode, Provoke>> = {
  unauthenticated: ({ world }) => world.send('GET', '/v1/machines', undefined, { authorization: 'Bearer no' }),
  forbidden: ({ world }) => withKey(world, { scope: 'read' }, 'POST', '/v1/machines'),
  limit_reached: async ({ world }) => {
    await world.ask('POST', '/v1/namespaces', { name: 'small', snapshotLimit: 0 })
    const { id } = await world.launch('small')
    const answer = await world.send('POST', `/v1/namespaces/small/machines/${id}/snapshots?wait=30`, {})
    await world.ask('DELETE', `/v1/namespaces/small/machines/${id}`)
    return answer
  },
  namespace_not_found: ({ world }) => withKey(world, { namespaces: ['default'] }, 'GET', '/v1/namespaces/fuzz/machines'),
  key_not_found: ({ world }) => world.send('GET', '/v1/keys/k-0000000000000000'),
  pool_not_found: ({ world }) => world.send('GET', '/v1/pools/nothing'),
  template_not_found: ({ world }) => world.send('GET', '/v1/templates/nothing'),
  machine_not_found: ({ world }) => world.send('GET', '/v1/machines/nothing'),
  snapshot_not_found: ({ world }) => world.send('GET', '/v1/snapshots/s-0000000000000000'),
  payload_too_large: post('/v1/machines', { template: 'x'.repeat(1_100_000) }),
  rate_limited: async ({ world }) => {
    const { key } = await world.ask('POST', '/v1/keys', { name: 'slow', requestsPerMinute: 1 })
    const headers = { authorization: `Bearer ${String(key)}` }
    await world.send('GET', '/v1/machines', undefined, headers)
    return world.send('GET', '/v1/machines', undefined, headers)
  },
}

const conflicts: Partial<Record<ErrorCode, Provoke>> = {
  name_taken: launch({ name: 'stays-default' }),
  namespace_in_use: ({ world }) => world.send('DELETE', '/v1/namespaces/fuzz'),
  template_in_use: ({ world }) => world.send('DELETE', '/v1/templates/base'),
  snapshot_in_use: async ({ world }) => {
    const snapshot = await world.newSnapshot('default')
    await world.ask('POST', `/v1/snapshots/${snapshot}/restore`, {})
    return world.send('DELETE', `/v1/snapshots/${snapshot}`)
  },
  snapshot_not_ready: async ({ world, server }) => {
    await server.order({ do: 'fail', point: 'write', kind: 'Unavailable' })
    const { body } = await world.send('POST', `/v1/machines/stays-default/snapshots`, { tag: 'fails' })
    const { id } = JSON.parse(body) as { id: string }
    return world.send('POST', `/v1/snapshots/${id}/restore`, {})
  },
  wrong_host: async ({ world, server }) => {
    const stranger = await server.order({ do: 'plant_stranger', like: world.machine('default') })
    return world.send('POST', `/v1/machines/${String(stranger)}/pause`)
  },
  precondition_failed: ({ world }) => world.send('PATCH', `/v1/namespaces/fuzz`, {}, { 'if-match': '"999"' }),
  idempotency_in_progress: async ({ world, server }) => {
    const { id } = await world.ask('GET', '/v1/keys/self')
    const body = { name: 'begun-elsewhere' }
    const fingerprint = fingerprintOf('POST', '/v1/namespaces', { ...body, labels: {}, snapshotLimit: 100 })
    await server.order({ do: 'plant_pending', record: { id: `${String(id)}:elsewhere`, fingerprint } })
    return world.send('POST', '/v1/namespaces', body, { 'idempotency-key': 'elsewhere' })
  },
  idempotency_mismatch: async ({ world }) => {
    const headers = { 'idempotency-key': 'the-same' }
    await world.send('POST', '/v1/namespaces', { name: 'one' }, headers)
    return world.send('POST', '/v1/namespaces', { name: 'two' }, headers)
  },
  state_conflict: async ({ world }) => {
    const key = String((await world.ask('POST', '/v1/keys', { name: 'over' })).id)
    await world.ask('DELETE', `/v1/keys/${key}`)
    return world.send('POST', `/v1/keys/${key}/rotate`, {})
  },
  machine_not_running: async ({ world }) => {
    const { id } = await world.launch('default')
    await world.ask('DELETE', `/v1/machines/${id}`)
    return world.send('GET', `/v1/machines/${id}/execs`)
  },
  boot_method_unavailable: launch({ boot: 'warm' }),
  store_conflict: async ({ world, server }) => {
    await server.order({ do: 'break_store', code: 'store_conflict', table: 'machines.update' })
    const answer = await world.send('POST', '/v1/machines/stays-default/extend', { timeoutMs: 86_400_000 })
    await server.order({ do: 'break_store' })
    return answer
  },
}

const broken: Partial<Record<ErrorCode, Provoke>> = {
  build_failed: async (stage) => {
    await stage.server.order({ do: 'fail', point: 'build' })
    return build()(stage)
  },
  ready_check_failed: build({ ready: { command: ['false'] }, readyTimeoutMs: 1000 }),
  cancelled: async ({ world, server }) => {
    await server.order({ do: 'hang', point: 'boot' })
    const headers = { 'idempotency-key': 'given-up-by-its-client' }
    const answer = world.send('POST', '/v1/machines', { template: 'base', boot: 'cold' }, headers)
    for (let given = false; !given; ) {
      const { items } = (await world.ask('GET', '/v1/machines?state=starting')) as { items: unknown[] }
      given = items.length > 0
    }
    await world.ask('DELETE', '/v1/idempotency/given-up-by-its-client')
    return answer
  },
  personalise_failed: async (stage) => {
    await stage.server.order({ do: 'lie', lie: { kind: 'wrong_status', item: 'machine_id', status: 'failed' } })
    return launch({ boot: 'cold' })(stage)
  },
  guest_protocol: async (stage) => {
    await stage.server.order({ do: 'lie', lie: { kind: 'garbage', at: 1 } })
    return launch({ boot: 'cold' })(stage)
  },
  guest_unreachable: async ({ world, server }) => {
    const { id } = await world.launch('default')
    await server.order({ do: 'fail', point: 'connect', kind: 'Unavailable' })
    return world.send('GET', `/v1/machines/${id}/ports/7777`)
  },
  guest_error: ({ world }) => world.send('GET', '/v1/machines/stays-default/ports/9'),
  driver_not_found: async ({ world, server }) => {
    const name = world.name()
    await world.ask('POST', '/v1/templates?wait=30', { name, source: 'builtin:base' })
    await server.order({ do: 'forget_image', name })
    return world.send('POST', '/v1/machines', { template: name, boot: 'cold' })
  },
  driver_misconfigured: launch({ egress: 'allow-list' }),
  driver_busy: failing('Busy'),
  driver_incompatible: failing('Incompatible'),
  driver_corrupt: failing('Corrupt'),
  driver_unavailable: failing('Unavailable'),
  driver_timeout: failing('Timeout'),
  store_unavailable: async ({ world, server }) => {
    await server.order({ do: 'break_store', code: 'store_unavailable' })
    const answer = await world.send('GET', '/v1/machines')
    await server.order({ do: 'break_store' })
    return answer
  },
}

/** How each code that does not come by itself is made to come. */
export const provocations: Readonly<Partial<Record<ErrorCode, Provoke>>> = { ...refused, ...conflicts, ...broken }

/** Codes that no request to one server with this driver can meet, and why. */
export const unreachable: Partial<Record<ErrorCode, string>> = {
  host_unavailable: 'needs a second server on the same PostgreSQL that is gone',
  internal: 'a fault of the server itself; that none comes is what the run proves',
}
