import { setTimeout as pass } from 'node:timers/promises'
import { HearthUnderTest } from '../hearth-under-test.ts'
import { DockerPeer } from '../peers/docker.ts'
import { PoolClient } from '../pool/pool-client.ts'
import type { Report } from '../report.ts'
import { percentile, summarise, timed, timesSlower } from '../samples.ts'
import type { SuiteOptions } from '../suite-options.ts'

const poolSize = 8
const perSecond = 2
const warmUp = 10
const colds = 5
const restores = 20

/** Claims at two a second over HTTP while the pool is refilled: to the verified receipt, and to the result of the first program. */
export async function claimSuite({ claims, log }: SuiteOptions): Promise<Report> {
  await using bench = await HearthUnderTest.start()
  await using docker = await DockerPeer.start(bench.scratch)
  const template = await bench.template('bench-base', 'builtin:base')
  const client = new PoolClient(bench.home)
  await client.fill('bench-base', template, poolSize)
  const run = new ClaimRun(client, log)

  for (let n = 0; n < warmUp; n++) await run.claim('bench-base')
  run.forget()
  for (let n = 0; n < claims; n++) {
    const next = pass(1000 / perSecond)
    await run.claim('bench-base')
    await next
    if ((n + 1) % 100 === 0) log(`${n + 1} of ${claims} claims`)
  }
  for (let n = 0; n < restores; n++) await run.launch('bench-base', 'restored')
  for (let n = 0; n < colds; n++) await run.launch('bench-base', 'cold')
  if (docker) await run.docker(docker)
  return run.report()
}

class ClaimRun {
  readonly #client: PoolClient
  readonly #log: (line: string) => void
  #times = noTimes()
  /** By how they were served. */
  #served = new Map<string, number>()

  constructor(client: PoolClient, log: (line: string) => void) {
    this.#client = client
    this.#log = log
  }

  forget(): void {
    this.#times = noTimes()
    this.#served = new Map()
  }

  /** One claim, its first program, and its end, which is not timed. What was not served by the pool counts where it belongs. */
  async claim(template: string): Promise<void> {
    const began = performance.now()
    try {
      const { id, boot, receipt } = await this.#client.launch(template)
      const claimMs = performance.now() - began
      if (!receipt) throw new Error(`${id} has no receipt`)
      await this.#client.execTrue(id)
      const execMs = performance.now() - began
      const method = boot?.method ?? 'none'
      this.#served.set(method, (this.#served.get(method) ?? 0) + 1)
      if (method === 'warm') {
        this.#times.claim.push(claimMs)
        this.#times.exec.push(execMs)
      } else this.#times.missed.push(claimMs)
      await this.#client.remove(id)
    } catch (error) {
      this.#log(`a claim failed: ${error}`)
      this.#times.claim.push(Number.POSITIVE_INFINITY)
      this.#times.exec.push(Number.POSITIVE_INFINITY)
    }
  }

  async launch(template: string, boot: 'restored' | 'cold'): Promise<void> {
    let id: string | undefined
    const tookMs = await timed(
      async () => {
        id = (await this.#client.launch(template, boot)).id
      },
      (error) => this.#log(`a ${boot} launch failed: ${error}`),
    )
    this.#times[boot].push(tookMs)
    if (id !== undefined) await this.#client.remove(id)
  }

  async docker(peer: DockerPeer): Promise<void> {
    const failed = (error: unknown) => this.#log(`docker failed: ${error}`)
    for (let n = 0; n < restores; n++) this.#times.dockerRun.push(await timed(() => peer.runTrue(), failed))
    await using container = await peer.keepContainer()
    for (let n = 0; n < restores; n++) this.#times.dockerExec.push(await timed(() => container.execTrue(), failed))
  }

  report(): Report {
    const { claim, exec, missed, restored, cold, dockerRun, dockerExec } = this.#times
    const row = (name: string, samplesMs: number[]) => (samplesMs.length === 0 ? [] : [summarise({ name, samplesMs })])
    const count = (method: string) => this.#served.get(method) ?? 0
    return {
      suite: 'claim',
      results: [
        ...row('claim to verified receipt (warm)', claim),
        ...row('claim to first result (warm)', exec),
        ...row('launches the pool could not serve', missed),
        ...row('restored', restored),
        ...row('cold', cold),
        ...row('docker run true', dockerRun),
        ...row('docker exec true', dockerExec),
      ],
      figures: {
        claim_p50_ms: percentile(claim, 50),
        claim_p99_ms: percentile(claim, 99),
        claim_exec_p50_ms: percentile(exec, 50),
        cold_vs_claim: timesSlower(cold, claim),
        claims_warm: count('warm'),
        claims_restored: count('restored'),
        claims_cold: count('cold'),
        ...(dockerRun.length > 0 && {
          docker_run_vs_claim_exec: timesSlower(dockerRun, exec),
          docker_exec_vs_claim_exec: timesSlower(dockerExec, exec),
        }),
      },
    }
  }
}

function noTimes() {
  const times = (): number[] => []
  return {
    claim: times(),
    exec: times(),
    missed: times(),
    restored: times(),
    cold: times(),
    dockerRun: times(),
    dockerExec: times(),
  }
}
