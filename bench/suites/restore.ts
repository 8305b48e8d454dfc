import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SnapshotManifest } from '@hearth/model'
import type { Machine } from '@hearth/sdk'
import { type Floor, prepareFloor, restoreByHand } from '../floor.ts'
import { HearthUnderTest } from '../hearth-under-test.ts'
import { DockerPeer } from '../peers/docker.ts'
import { VirshPeer } from '../peers/virsh.ts'
import type { Report } from '../report.ts'
import { medianPairRatio, percentile, summarise, timed } from '../samples.ts'
import type { SuiteOptions } from '../suite-options.ts'

const coldBoots = 5
const warmUps = 3
/** It takes a second and more. */
const virshEvery = 3

/**
 * Restore on demand through the server's API — the clone is restored, made its own, proven and thawed — against the fastest restore by
 * hand, which stops at the agent's first answer. Both sides are timed here, from before anything is started, in alternating order.
 */
export async function restoreSuite({ pairs, log }: SuiteOptions): Promise<Report> {
  await using bench = await HearthUnderTest.start()
  const template = await bench.template('bench-base', 'builtin:base')
  const manifest = await templateManifest(bench, template)
  const templateFolder = join(bench.home, 'templates', template)
  await using docker = await DockerPeer.start(join(bench.scratch, 'docker'))
  await using virsh = await VirshPeer.start(join(bench.scratch, 'virsh'), {
    templateFolder,
    memoryMiB: manifest.resources.memoryMiB,
  })
  if (!docker) log('docker is not installed: left out (--peers installs it)')
  if (!virsh) log('libvirt is not installed: left out (--peers installs it)')
  const contest = new Contest(bench, template, prepareFloor(bench.home, manifest, bench.scratch), { docker, virsh }, log)
  for (let round = 0; round < warmUps; round++) await contest.pair(round)
  contest.forget()
  for (let round = 0; round < pairs; round++) {
    await contest.pair(round)
    await contest.peers(round)
  }
  for (let round = 0; round < coldBoots; round++) await contest.cold()
  return contest.report()
}

interface Peers {
  readonly docker: DockerPeer | undefined
  readonly virsh: VirshPeer | undefined
}

class Contest {
  readonly #bench: HearthUnderTest
  readonly #template: string
  readonly #floor: Floor
  readonly #peers: Peers
  readonly #log: (line: string) => void
  #phases = new Map<string, number[]>()
  #times = noTimes()

  constructor(bench: HearthUnderTest, template: string, floor: Floor, peers: Peers, log: (line: string) => void) {
    this.#bench = bench
    this.#template = template
    this.#floor = floor
    this.#peers = peers
    this.#log = log
  }

  /** Both sides once, one after the other; who begins takes turns. */
  async pair(round: number): Promise<void> {
    const sides = [() => this.#restored(), () => this.#byHand()]
    for (const side of round % 2 === 0 ? sides : sides.reverse()) await side()
  }

  async peers(round: number): Promise<void> {
    const { docker, virsh } = this.#peers
    if (docker)
      this.#times.docker.push(
        await timed(
          () => docker.runTrue(),
          (error) => this.#failed('docker run', error),
        ),
      )
    if (virsh && round % virshEvery === 0) {
      this.#times.virsh.push(await virsh.restore().catch((error: unknown) => this.#failed('virsh restore', error)))
    }
  }

  async cold(): Promise<void> {
    this.#times.cold.push(await this.#launch('cold'))
  }

  /** Warm-up rounds do not count. */
  forget(): void {
    this.#phases = new Map()
    this.#times = noTimes()
  }

  report(): Report {
    const { hearth, floor, cold, docker, virsh } = this.#times
    const median = percentile(hearth, 50)
    const against = (name: string, values: number[]) => (values.length === 0 ? {} : { [name]: percentile(values, 50) / median })
    const row = (name: string, samplesMs: number[]) => (samplesMs.length === 0 ? [] : [summarise({ name, samplesMs })])
    return {
      suite: 'restore',
      results: [
        ...row('restore on demand (API)', hearth),
        ...row('restore by hand (floor)', floor),
        ...row('cold boot (API)', cold),
        ...row('docker run true', docker),
        ...row('virsh restore', virsh),
        ...[...this.#phases].flatMap(([name, samplesMs]) => row(`restore phase: ${name}`, samplesMs)),
      ],
      figures: {
        restore_vs_floor: medianPairRatio(hearth, floor),
        ...against('cold_vs_restore', cold),
        ...against('virsh_vs_restore', virsh),
        ...against('docker_run_vs_restore', docker),
      },
    }
  }

  async #restored(): Promise<void> {
    this.#times.hearth.push(await this.#launch('restored'))
  }

  async #byHand(): Promise<void> {
    this.#times.floor.push(await restoreByHand(this.#floor).catch((error: unknown) => this.#failed('floor', error)))
  }

  /** From the request to the answer, in milliseconds; ending the machine is not timed. */
  async #launch(boot: 'restored' | 'cold'): Promise<number> {
    let machine: Machine | undefined
    const tookMs = await timed(
      async () => {
        machine = await this.#bench.hearth.machines.launch({ template: this.#template, boot })
      },
      (error) => this.#failed(`${boot} launch`, error),
    )
    if (boot === 'restored') {
      for (const [name, value] of Object.entries(machine?.data.boot?.phasesMs ?? {})) {
        this.#phases.set(name, [...(this.#phases.get(name) ?? []), value])
      }
    }
    await machine?.remove()
    return tookMs
  }

  #failed(what: string, error: unknown): number {
    this.#log(`${what} failed: ${error}`)
    return Number.POSITIVE_INFINITY
  }
}

function noTimes() {
  return { hearth: [] as number[], floor: [] as number[], docker: [] as number[], virsh: [] as number[], cold: [] as number[] }
}

/** The manifest of the snapshot that launches of a template restore. */
async function templateManifest(bench: HearthUnderTest, template: string): Promise<SnapshotManifest> {
  const machine = await bench.hearth.machines.launch({ template, boot: 'restored' })
  const snapshot = machine.data.boot?.snapshotId
  await machine.remove()
  if (!snapshot) throw new Error(`${template} was not restored from a snapshot`)
  return JSON.parse(await readFile(join(bench.home, 'snapshots', snapshot, 'manifest.json'), 'utf8')) as SnapshotManifest
}
