import { join } from 'node:path'
import type { Machine } from '@hearth/sdk'
import { DirectDriver } from '../direct-driver.ts'
import { type Floor, prepareFloor, restoreByHand } from '../floor.ts'
import { HearthUnderTest } from '../hearth-under-test.ts'
import { DockerPeer } from '../peers/docker.ts'
import { VirshPeer } from '../peers/virsh.ts'
import type { Report } from '../report.ts'
import { medianPairRatio, summarise, timed, timesSlower } from '../samples.ts'
import type { SuiteOptions } from '../suite-options.ts'
import { templateManifest } from '../template-manifest.ts'

const coldBoots = 5
const warmUps = 3
/** It takes a second and more. */
const virshEvery = 3

/**
 * Restore on demand to the guest agent's first answer: the driver against the fastest restore by hand, of one snapshot. Beside them a whole
 * launch through the server's API, whose clone is also made its own, proven and thawed. All are timed here, from before anything is
 * started, in alternating order.
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
  await using direct = await DirectDriver.open(bench.home, manifest)
  const floor = prepareFloor(bench.home, manifest, bench.scratch)
  const contest = new Contest(bench, template, floor, { direct, docker, virsh }, log)
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
  readonly direct: DirectDriver
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

  /** Each side once, one after the other; who begins takes turns. */
  async pair(round: number): Promise<void> {
    const sides = [() => this.#restored(), () => this.#byHand(), () => this.#launched()]
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
    this.#times.cold.push(await this.#peers.direct.coldMs().catch((error: unknown) => this.#failed('cold boot', error)))
  }

  /** Warm-up rounds do not count. */
  forget(): void {
    this.#phases = new Map()
    this.#times = noTimes()
  }

  report(): Report {
    const { restored, launched, floor, cold, docker, virsh } = this.#times
    const against = (name: string, peer: number[], ours = restored) =>
      peer.length === 0 ? {} : { [name]: timesSlower(peer, ours) }
    const row = (name: string, samplesMs: number[]) => (samplesMs.length === 0 ? [] : [summarise({ name, samplesMs })])
    return {
      suite: 'restore',
      results: [
        ...row('restore to first answer', restored),
        ...row('the same by hand (floor)', floor),
        ...row('launch, made its own (API)', launched),
        ...row('cold boot to first answer', cold),
        ...row('docker run true', docker),
        ...row('virsh restore', virsh),
        ...[...this.#phases].flatMap(([name, samplesMs]) => row(`launch phase: ${name}`, samplesMs)),
      ],
      figures: {
        restore_vs_floor: medianPairRatio(restored, floor),
        launch_vs_floor: medianPairRatio(launched, floor),
        ...against('cold_vs_restore', cold),
        ...against('virsh_vs_restore', virsh),
        // The most that the one above can be when a restore starts a QEMU with our hardware profile.
        ...against('virsh_vs_floor', virsh, floor),
        ...against('docker_run_vs_restore', docker),
      },
    }
  }

  async #restored(): Promise<void> {
    const { direct } = this.#peers
    this.#times.restored.push(await direct.restoreMs().catch((error: unknown) => this.#failed('restore', error)))
  }

  async #byHand(): Promise<void> {
    this.#times.floor.push(await restoreByHand(this.#floor).catch((error: unknown) => this.#failed('floor', error)))
  }

  /** From the request to the answer, in milliseconds; ending the machine is not timed. */
  async #launched(): Promise<void> {
    let machine: Machine | undefined
    const tookMs = await timed(
      async () => {
        machine = await this.#bench.hearth.launch(this.#template, { boot: 'restored' })
      },
      (error) => this.#failed('launch', error),
    )
    this.#times.launched.push(tookMs)
    for (const [name, value] of Object.entries(machine?.data.boot?.phasesMs ?? {})) {
      this.#phases.set(name, [...(this.#phases.get(name) ?? []), value])
    }
    await machine?.remove()
  }

  #failed(what: string, error: unknown): number {
    this.#log(`${what} failed: ${error}`)
    return Number.POSITIVE_INFINITY
  }
}

function noTimes() {
  const times = (): number[] => []
  return { restored: times(), launched: times(), floor: times(), docker: times(), virsh: times(), cold: times() }
}
