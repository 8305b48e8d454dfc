import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** One series of an instant query. */
interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

/** A real Prometheus on a loopback port of its own. */
export interface Prometheus extends AsyncDisposable {
  /** Evaluates an expression now. @throws with Prometheus' own words when it does not understand it */
  query(expression: string): Promise<Sample[]>
  /** Anything else of its API, below `/api/v1/`. */
  api(path: string): Promise<Record<string, unknown>>
}

export interface Target {
  /** `127.0.0.1:PORT` */
  readonly address: string
  readonly key: string
  readonly rules: string
}

/** Starts it in `folder`, scraping `target` as job `hearth` every quarter of a second. */
export async function startPrometheus(folder: string, { address, key, rules }: Target): Promise<Prometheus> {
  await writeFile(join(folder, 'key'), key, { mode: 0o600 })
  const config = {
    global: { scrape_interval: '250ms', scrape_timeout: '250ms', evaluation_interval: '250ms' },
    rule_files: [rules],
    scrape_configs: [
      {
        job_name: 'hearth',
        authorization: { credentials_file: join(folder, 'key') },
        static_configs: [{ targets: [address] }],
      },
    ],
  }
  // JSON is YAML.
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--log.format=json',
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = once(child, 'exit')
  const url = await listeningAt(child.stderr)
  const api = async (path: string) => answerOf(await fetch(`${url}/api/v1/${path}`))
  return {
    api,
    async query(expression) {
      const { result } = await api(`query?${new URLSearchParams({ query: expression })}`)
      return result as Sample[]
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Its log tells where it listens, and once it is ready. */
async function listeningAt(stderr: NodeJS.ReadableStream): Promise<string> {
  const said: string[] = []
  let address: string | undefined
  for await (const line of createInterface({ input: stderr })) {
    said.push(line)
    address = /"address":"(127\.0\.0\.1:[1-9]\d*)"/.exec(line)?.[1] ?? address
    if (address !== undefined && line.includes('Server is ready')) {
      // It says more, and must never wait for a reader.
      stderr.resume()
      return `http://${address}`
    }
  }
  throw new Error(`Prometheus ended before it was ready:\n${said.join('\n')}`)
}

async function answerOf(response: Response): Promise<Record<string, unknown>> {
  const answer = (await response.json()) as { status: string; data: Record<string, unknown>; error?: string }
  if (answer.status !== 'success') throw new Error(answer.error)
  return answer.data
}
