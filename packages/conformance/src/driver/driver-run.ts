import {
  type DriverSnapshot,
  type DriverSnapshotPlan,
  type GuestConnection,
  type GuestSession,
  type MachineDriver,
  type MachineId,
  type MachineSpec,
  newMachineId,
  newSnapshotId,
  parseName,
  type SnapshotManifest,
  type TemplateRef,
  templateRef,
} from '@hearth/model'
import type { DriverBed } from './driver-bed.ts'

/** A machine of a case, with the connection to its guest. */
export interface Subject {
  readonly spec: MachineSpec
  readonly id: MachineId
  readonly guest: GuestConnection
}

const quiesceDeadlineMs = 10_000
const name = parseName('conformance')

/** The template that all cases of one bed share: built once, with a snapshot to restore. */
export interface SharedTemplate {
  readonly ref: TemplateRef
  readonly snapshot: SnapshotManifest
}

/** What one case makes, and how it is taken away again. */
export class DriverRun {
  readonly bed: DriverBed
  readonly template: SharedTemplate
  /** The bed's, or its successor after `restart`. */
  driver: MachineDriver
  readonly #subjects = new Set<Subject>()
  readonly #snapshots = new Set<SnapshotManifest>()

  constructor(bed: DriverBed, driver: MachineDriver, template: SharedTemplate) {
    this.bed = bed
    this.driver = driver
    this.template = template
  }

  newSpec(): MachineSpec {
    return newSpec(this.bed, this.template.ref)
  }

  async boot(): Promise<Subject> {
    const spec = this.newSpec()
    await this.driver.boot(spec)
    return this.#met(spec)
  }

  /** A clone whose guest answers and whose user processes run. */
  async restore(snapshot = this.template.snapshot): Promise<Subject> {
    const spec = this.newSpec()
    await this.driver.restore(snapshot, spec)
    const subject = this.#met(spec)
    const session = await this.session(subject)
    await session.thaw({})
    return subject
  }

  session(subject: Subject): Promise<GuestSession> {
    return subject.guest.session({ signal: AbortSignal.timeout(this.bed.bootDeadlineMs) })
  }

  /** A published snapshot of a running machine, which goes on. */
  async snapshot(subject: Subject): Promise<SnapshotManifest> {
    const manifest = await this.unpublished(subject)
    await this.driver.publishSnapshot(manifest)
    return manifest
  }

  async unpublished(subject: Subject): Promise<SnapshotManifest> {
    const plan = planOf(this.bed, subject, 'live')
    const made = await this.driver.snapshot(subject.id, plan)
    const manifest = manifestOf(this.bed, this.template.ref, subject, plan, made, this.template.snapshot)
    this.#snapshots.add(manifest)
    return manifest
  }

  /** A published copy of a snapshot. */
  async copy(original: SnapshotManifest): Promise<SnapshotManifest> {
    const manifest = await this.unpublishedCopy(original)
    await this.driver.publishSnapshot(manifest)
    return manifest
  }

  async unpublishedCopy(original: SnapshotManifest): Promise<SnapshotManifest> {
    const manifest = { ...original, id: newSnapshotId(this.bed.random) }
    this.#snapshots.add(manifest)
    await this.driver.copySnapshot(original, manifest.id)
    return manifest
  }

  plan(subject: Subject): DriverSnapshotPlan {
    return planOf(this.bed, subject, 'live')
  }

  async destroy(subject: Subject): Promise<void> {
    subject.guest.close()
    await this.driver.destroy(subject.id)
    this.#subjects.delete(subject)
  }

  async close(): Promise<void> {
    for (const subject of this.#subjects) await this.destroy(subject)
    for (const { id } of this.#snapshots) await this.driver.removeSnapshot(id)
  }

  #met(spec: MachineSpec): Subject {
    const guest = this.bed.openGuest((options) => this.driver.connect(spec.id, options))
    const subject = { spec, id: spec.id, guest }
    this.#subjects.add(subject)
    return subject
  }
}

/** Builds the template and its snapshot; what they are made with is gone when this resolves. */
export async function makeSharedTemplate(bed: DriverBed): Promise<SharedTemplate> {
  const ref = templateRef(name, 1)
  await bed.driver.build(ref, bed.source, bed.resources, { progress: () => undefined })
  await bed.driver.publishTemplate(ref, { ref })
  const spec = { ...newSpec(bed, ref), forTemplate: true }
  await bed.driver.boot(spec)
  const guest = bed.openGuest((options) => bed.driver.connect(spec.id, options))
  const subject = { spec, id: spec.id, guest }
  await guest.session({ signal: AbortSignal.timeout(bed.bootDeadlineMs) })
  const plan = planOf(bed, subject, 'template')
  const made = await bed.driver.snapshot(spec.id, plan)
  guest.close()
  await bed.driver.destroy(spec.id)
  const snapshot = manifestOf(bed, ref, subject, plan, made)
  await bed.driver.publishSnapshot(snapshot)
  return { ref, snapshot }
}

let networks = 0

function newSpec(bed: DriverBed, template: TemplateRef): MachineSpec {
  networks = (networks + 1) % 250
  const prefix = `10.99.${networks}`
  return {
    id: newMachineId(bed.random),
    template,
    resources: bed.resources,
    network: {
      mac: `02:00:00:00:00:${networks.toString(16).padStart(2, '0')}`,
      address: `${prefix}.15/24`,
      gateway: `${prefix}.2`,
      dns: `${prefix}.3`,
    },
    egress: 'none',
  }
}

function planOf(bed: DriverBed, subject: Subject, mode: DriverSnapshotPlan['mode']): DriverSnapshotPlan {
  return {
    snapshotId: newSnapshotId(bed.random),
    mode,
    async quiesce() {
      const { synced, frozen, detail } = await subject.guest.suspend(quiesceDeadlineMs)
      const said = detail ?? (frozen ? undefined : 'not frozen')
      return { result: synced ? 'quiesced' : 'failed', ...(said !== undefined && { detail: said }), tookMs: 0 }
    },
    unquiesce: () => subject.guest.resume({}),
  }
}

function manifestOf(
  bed: DriverBed,
  template: TemplateRef,
  subject: Subject,
  plan: DriverSnapshotPlan,
  made: DriverSnapshot,
  parent?: SnapshotManifest,
): SnapshotManifest {
  return {
    id: plan.snapshotId,
    kind: plan.mode === 'template' ? 'template' : 'user',
    template,
    ...(parent && { parent: parent.id }),
    source: subject.id,
    driver: bed.driver.name,
    artifacts: made.artifacts,
    quality: made.quality,
    quiesce: made.quiesce,
    compatibility: { ...made.compatibility, guestProtocol: 1 },
    resources: subject.spec.resources,
    config: { env: {}, labels: {}, egress: 'none' },
    createdAt: 0,
    pauseMs: made.pauseMs,
    layers: made.layers,
  }
}
