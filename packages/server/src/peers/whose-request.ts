import {
  isHearthError,
  type Name,
  type Pool,
  parseTemplateRef,
  type SnapshotId,
  type Template,
  type TemplateRef,
  templateRef,
} from '@hearth/model'
import type { FastifyRequest } from 'fastify'
import type { HttpParts } from '../http/http-parts.ts'
import { engineOf } from '../http/mount.ts'
import type { Peers } from './peers.ts'

/** What rows alone answer, on any server, whether or not the host lives. */
const byRows = new Set([
  '/machines/:machine',
  '/machines/:machine/receipt',
  '/machines/:machine/snapshots',
  '/snapshots/:snapshot',
  '/snapshots/:snapshot/tree',
  '/templates/:template',
])

interface Params {
  readonly namespace?: string
  readonly machine?: string
  readonly snapshot?: string
  readonly pool?: string
  readonly template?: string
}

/** The host that a request is about by its path; `undefined` where every server can answer it, or says itself what is wrong with it. */
export async function hostByPath(
  parts: Pick<HttpParts, 'engine'>,
  peers: Peers,
  request: FastifyRequest,
): Promise<string | undefined> {
  // Alone, a server finds out by itself what is not its own.
  if (!peers.hasOthers) return undefined
  const params = (request.params ?? {}) as Params
  const { machine, snapshot, pool, template } = params
  const route = (request.routeOptions.url ?? '').replace(/^\/v1(\/namespaces\/:namespace)?/, '')
  if (['GET', 'HEAD'].includes(request.method) && byRows.has(route) && !request.ws) return undefined
  if (pool !== undefined) return peers.store.leases.holder(`pool ${pool}`, peers.now)
  return known(async () => {
    const engine = engineOf(parts.engine, params)
    if (machine !== undefined) return (await engine.machines.get(machine)).host
    if (snapshot !== undefined) return (await peers.store.snapshots.get(snapshot as SnapshotId))?.host
    if (template !== undefined) return (await parts.engine.templates.show(template)).host
    return undefined
  })
}

/** Where a launch is served best: `warm` by who holds its pool, which every server can do without, `files` where its files are. */
export interface LaunchPlace {
  readonly host: string
  readonly because: 'warm' | 'files'
}

/** `undefined`: here. `body` is what was sent, not checked yet. */
export async function hostForLaunch(peers: Peers, body: unknown): Promise<LaunchPlace | undefined> {
  const { template, snapshot, boot = 'auto' } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  return known(async () => {
    if (typeof snapshot === 'string') {
      const host = (await peers.store.snapshots.get(snapshot as SnapshotId))?.host
      return elsewhere(peers, host, 'files')
    }
    if (typeof template !== 'string') return undefined
    const { name, version } = parseTemplateRef(template)
    if (boot === 'auto' || boot === 'warm') {
      const pool = poolFor(peers, name, version)
      const holder = pool && (await peers.store.leases.holder(`pool ${pool.name}`, peers.now))
      if (pool && holder === peers.self.host && (await isHere(peers, templateRef(name, pool.version)))) return undefined
      if (holder !== undefined && peers.live(holder)) return { host: holder, because: 'warm' }
    }
    const row = await templateOf(peers, name, version)
    return row === undefined || (await isHere(peers, row.ref)) ? undefined : elsewhere(peers, row.host, 'files')
  })
}

function elsewhere(peers: Peers, host: string | undefined, because: LaunchPlace['because']): LaunchPlace | undefined {
  return host === undefined || host === peers.self.host ? undefined : { host, because }
}

function poolFor({ pools }: Peers, name: Name, version: number | undefined): Pool | undefined {
  return pools.find(
    (each) => each.template === name && each.state === 'active' && (version === undefined || version === each.version),
  )
}

async function templateOf({ store }: Peers, name: Name, version: number | undefined): Promise<Template | undefined> {
  if (version !== undefined) return store.templates.get(templateRef(name, version))
  return (await store.templates.versions(name)).find((each) => each.state === 'ready')
}

/** Built here, or copied when this server took a pool over. */
async function isHere({ store, self, templatesHere }: Peers, ref: TemplateRef): Promise<boolean> {
  if (templatesHere.has(ref)) return true
  const host = (await store.templates.get(ref))?.host
  const made = host === self.host ? [] : await store.snapshots.byTemplate(ref, 'template')
  const found = host === self.host || made.some((each) => each.host === self.host && each.state === 'ready')
  if (found) templatesHere.add(ref)
  return found
}

/** What is not there, or written wrongly, is refused by whoever was asked. */
async function known<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (isHearthError(error, 'invalid_input', 'machine_not_found', 'snapshot_not_found', 'template_not_found')) return undefined
    throw error
  }
}
