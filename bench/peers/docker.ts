import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants, copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const dockerd = '/usr/sbin/dockerd'
const docker = '/usr/bin/docker'

/** A dockerd of our own with a one-megabyte image, for comparison; it shares nothing with one that may run already. */
export class DockerPeer implements AsyncDisposable {
  readonly #host: string
  readonly #daemon: ChildProcess

  private constructor(host: string, daemon: ChildProcess) {
    this.#host = host
    this.#daemon = daemon
  }

  /** `undefined` where Docker is not installed. */
  static async start(folder: string): Promise<DockerPeer | undefined> {
    try {
      await Promise.all([access(dockerd, constants.X_OK), access(docker, constants.X_OK)])
    } catch {
      return undefined // not installed: the peer is left out, and the report says so
    }
    const host = `unix://${join(folder, 'docker.sock')}`
    const daemon = spawn(
      dockerd,
      [
        ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'docker.pid')],
        ...['--host', host, '--iptables=false', '--bridge=none'],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    await listening(daemon)
    const peer = new DockerPeer(host, daemon)
    await peer.#importImage(join(folder, 'rootfs'))
    return peer
  }

  /** From nothing to the end of `true` in a fresh container. */
  async runTrue(): Promise<void> {
    await this.#docker(['run', '--rm', '--network', 'none', 'hearth-bench', '/bin/busybox', 'true'])
  }

  /** A container that stays, to run programs in. */
  async keepContainer(): Promise<AsyncDisposable & { execTrue(): Promise<void> }> {
    const name = 'hearth-bench-kept'
    await this.#docker(['run', '--detach', '--name', name, '--network', 'none', 'hearth-bench', '/bin/busybox', 'sleep', '1d'])
    return {
      execTrue: () => this.#docker(['exec', name, '/bin/busybox', 'true']),
      [Symbol.asyncDispose]: () => this.#docker(['rm', '--force', name]),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#daemon, 'close')
    this.#daemon.kill('SIGTERM')
    await gone
  }

  async #importImage(rootfs: string): Promise<void> {
    await mkdir(join(rootfs, 'bin'), { recursive: true })
    await copyFile('/bin/busybox', join(rootfs, 'bin', 'busybox'))
    const tar = spawn('/usr/bin/tar', ['-C', rootfs, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const importing = spawn(docker, ['--host', this.#host, 'import', '-', 'hearth-bench'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    const done = once(importing, 'close')
    await pipeline(tar.stdout, importing.stdin)
    const [code] = await done
    if (code !== 0) throw new Error(`docker import ended with code ${code}`)
  }

  async #docker(args: string[]): Promise<void> {
    await run(docker, ['--host', this.#host, ...args])
  }
}

async function listening(daemon: ChildProcess): Promise<void> {
  if (!daemon.stderr) throw new Error('dockerd has no stderr')
  const lines = createInterface({ input: daemon.stderr })
  for await (const line of lines) {
    if (!line.includes('API listen on')) continue
    daemon.stderr.resume()
    return
  }
  throw new Error('dockerd ended before it listened')
}
