import {
  type Egress,
  HearthError,
  type MachineDriver,
  type MachineId,
  type Resources,
  type Snapshot,
  type SnapshotManifest,
  type Template,
  templateRef,
} from '@hearth/model'
import type { Context } from '../context.ts'
import { mustPause } from '../deadlines/must-pause.ts'
import { checkEnv, checkResources } from '../input/checks.ts'
import { mustBeHere } from '../machines/find-machine.ts'
import { mustHaveEgress } from '../machines/must-have-egress.ts'
import { isHere } from '../templates/bring-template.ts'
import { findTemplate } from '../templates/find-template.ts'
import type { Reason } from './boot-reasons.ts'
import type { LaunchWish } from './check-launch.ts'

/** What a launch will try, decided before anything is made. */
export interface LaunchPlan {
  readonly template: Template
  readonly driver: MachineDriver
  readonly resources: Resources
  readonly egress: Egress
  /** Of template, snapshot and request, the later ones winning. */
  readonly env: Readonly<Record<string, string>>
  readonly launchEnv: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** To be tried first; this machine counts as a user of it from now on. */
  readonly manifest?: SnapshotManifest
  /** What its guest still asks for, when it was frozen unawares. */
  readonly staleToken?: string
  /** Whether a cold boot may follow, or is all there is. */
  readonly mayBootCold: boolean
  /** Why nothing warmer is tried. */
  readonly reasons: readonly Reason[]
}

/** Reads what the wish names and decides; the machine is noted as a user of the snapshot it will map. */
export async function planLaunch(context: Context, id: MachineId, wish: LaunchWish): Promise<LaunchPlan> {
  const source = wish.origin.kind === 'snapshot' ? await namedSnapshot(context, id, wish) : undefined
  const template = source ? await context.rows.templates.get(source.template) : await namedTemplate(context, wish)
  if (!context.templateUses.add(template.ref, id)) {
    throw new HearthError('state_conflict', `template ${template.ref} is being removed`)
  }
  const driver = source?.manifest ? context.drivers.of(source.manifest.driver) : context.drivers.first
  const frozen = source?.manifest ?? wish.afresh?.manifest
  const config = frozen?.config
  const resources = checkResources(wish.resources ?? {}, frozen?.resources ?? template.spec.resources)
  const egress = wish.egress ?? config?.egress ?? template.spec.egress
  mustHaveEgress(driver, egress)
  mustPause(driver, wish.onTimeout)
  const launchEnv = { ...config?.env, ...wish.env }
  const common = {
    template,
    driver,
    resources,
    egress,
    launchEnv,
    env: checkEnv({ ...template.spec.env, ...launchEnv }, 'env'),
    labels: { ...config?.labels, ...wish.labels },
    mayBootCold: wish.boot !== 'restored',
  }
  const { manifest, reason } = await chooseSnapshot(context, id, wish, template, source, resources)
  if (!manifest && !common.mayBootCold) throw noSnapshot(template, reason)
  const staleToken = manifest && (await tokenFrozenIn(context, manifest))
  return {
    ...common,
    ...(manifest && { manifest }),
    ...(staleToken && { staleToken }),
    reasons: [...reasonsBefore(wish), ...(reason ? [reason] : [])],
  }
}

function reasonsBefore({ afresh }: LaunchWish): Reason[] {
  return afresh ? [afresh.reason] : []
}

interface Choice {
  readonly manifest?: SnapshotManifest
  readonly reason?: Reason
}

async function chooseSnapshot(
  context: Context,
  id: MachineId,
  wish: LaunchWish,
  template: Template,
  source: Snapshot | undefined,
  resources: Resources,
): Promise<Choice> {
  if (wish.boot === 'cold') return { reason: { code: 'requested', detail: 'a cold boot was asked for' } }
  const snapshot = source ?? (await readyTemplateSnapshot(context, id, template))
  const manifest = snapshot?.manifest
  if (snapshot?.state !== 'ready' || !manifest) {
    const code = snapshot?.state === 'quarantined' ? 'snapshot_corrupt' : 'snapshot_missing'
    return { reason: { code, detail: `${template.ref} has no snapshot that is ready` } }
  }
  if (!sameResources(manifest.resources, resources)) {
    const { vcpus, memoryMiB, diskMiB } = manifest.resources
    const detail = `other resources were asked for than the snapshot's (${vcpus} vCPU, ${memoryMiB} MiB, disk ${diskMiB} MiB)`
    return { reason: { code: 'snapshot_incompatible', detail } }
  }
  return { manifest }
}

/** The snapshot that was asked for by id. @throws HearthError `snapshot_not_found`, `snapshot_not_ready` */
async function namedSnapshot(context: Context, id: MachineId, wish: LaunchWish): Promise<Snapshot | undefined> {
  if (wish.origin.kind !== 'snapshot') return undefined
  const wanted = wish.origin.id
  const free = context.snapshotUses.add(wanted, id)
  const snapshot = await context.rows.snapshots.find(wanted)
  if (snapshot?.namespace !== wish.namespace) throw context.rows.snapshots.missing(wanted)
  mustBeHere(context, snapshot)
  const usable = free && snapshot.state === 'ready'
  const mayDegrade = wish.boot !== 'restored' && snapshot.state === 'quarantined'
  if (usable || mayDegrade) return snapshot
  throw new HearthError('snapshot_not_ready', `snapshot ${wanted} is ${free ? snapshot.state : 'being removed'}, not ready`, {
    ...(snapshot.failure && { details: { failure: snapshot.failure } }),
  })
}

async function namedTemplate(context: Context, wish: LaunchWish): Promise<Template> {
  if (wish.origin.kind !== 'template') throw new HearthError('internal', 'a launch without template and snapshot')
  const { name, version } = wish.origin
  const template = await findTemplate(context, name, version)
  if (template.state === 'ready') {
    if (!(await isHere(context, template))) throw notHere(template)
    return template
  }
  throw new HearthError('state_conflict', `template ${templateRef(name, template.version)} is ${template.state}, not ready`, {
    ...(template.failure && { details: { failure: template.failure } }),
  })
}

async function readyTemplateSnapshot(context: Context, id: MachineId, template: Template): Promise<Snapshot | undefined> {
  const all = await context.store.snapshots.byTemplate(template.ref, 'template')
  const own = all.filter((each) => each.host === context.host).reverse()
  const ready = own.find((each) => each.state === 'ready' && context.snapshotUses.add(each.id, id))
  return ready ?? own.find((each) => each.state === 'quarantined')
}

/** A guest that could not be brought to rest has kept its source's token. It can be entered as long as the source is on record. */
async function tokenFrozenIn(context: Context, manifest: SnapshotManifest): Promise<string | undefined> {
  if (manifest.quiesce.result !== 'failed') return undefined
  return (await context.store.machines.getSecrets(manifest.source))?.token
}

function notHere({ ref, host }: Template): HearthError {
  return new HearthError('wrong_host', `template ${ref} was built on another host (${host}) and is not here`, {
    hint: 'Ask the server of that host.',
    details: { host },
  })
}

function sameResources(a: Resources, b: Resources): boolean {
  return a.vcpus === b.vcpus && a.memoryMiB === b.memoryMiB && a.diskMiB === b.diskMiB
}

function noSnapshot(template: Template, reason: Reason | undefined): HearthError {
  return new HearthError('boot_method_unavailable', `${template.ref} cannot be restored: ${reason?.detail ?? 'no snapshot'}`, {
    hint: 'Launch it with boot "auto" or "cold", or build the template again.',
    details: { reasons: reason ? [reason] : [] },
  })
}
