import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'

/** Debian's programs, the newest version first; none when PostgreSQL is not installed. */
const programs = findPrograms()

/** PostgreSQL refuses to run as root; Debian's "nobody" owns nothing. */
const nobody = 65_534

/** What to say in a test that cannot run; set-up installs PostgreSQL, so a run of the whole suite never says it. */
export const postgresMissing = programs === undefined && 'PostgreSQL is not installed ("npm run setup" installs it)'

/** A PostgreSQL server of our own, in a folder of its own, on a socket there and on a port of the loopback. */
export class PostgresServer implements AsyncDisposable {
  readonly folder: string
  readonly port: number
  #server: ChildProcess | undefined
  #databases = 0

  private constructor(folder: string, port: number) {
    this.folder = folder
    this.port = port
  }

  /** Makes an empty server and starts it; `durable` as for real use, else quick and forgetful on a power cut. */
  static async start({ durable = false } = {}): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'hearth-pg-'))
    if (isRoot()) chownSync(folder, nobody, nobody)
    const data = join(folder, 'data')
    await run('initdb', ['-D', data, '-U', 'hearth', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'])
    writeFileSync(join(data, 'postgresql.auto.conf'), durable ? '' : 'fsync = off\nfull_page_writes = off\n')
    const server = new PostgresServer(folder, await freePort())
    await server.up()
    return server
  }

  /** Starts it, and waits until it takes connections. */
  async up(): Promise<void> {
    const listen = ['-c', 'listen_addresses=127.0.0.1', '-p', String(this.port), '-k', this.folder]
    // Ends with us, however we end: the kernel tells it.
    const command = ['--pdeathsig', 'INT', ...asNobody(), program('postgres'), '-D', join(this.folder, 'data'), ...listen]
    const server = spawn('setpriv', command, {
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#server = server
    const said: string[] = []
    for await (const line of createInterface({ input: server.stderr })) {
      said.push(line)
      if (line.includes('database system is ready to accept connections')) {
        server.stderr.resume()
        return
      }
    }
    throw new Error(`PostgreSQL did not start:\n${said.join('\n')}`)
  }

  /** Ends it: `SIGINT` undoes what goes on, `SIGQUIT` and `SIGKILL` leave everything as it stands. */
  async down(signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    server.kill(signal)
    await gone
  }

  /** A new database, empty or as the one at the address `like` is (which nobody uses now); gives its address. */
  async database({ overTcp = false, like }: { overTcp?: boolean; like?: string } = {}): Promise<string> {
    this.#databases += 1
    const name = `db_${this.#databases}`
    await run('createdb', [
      '-h',
      this.folder,
      '-p',
      String(this.port),
      '-U',
      'hearth',
      ...(like === undefined ? [] : ['-T', nameIn(like)]),
      name,
    ])
    return this.#url(name, overTcp)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #url(database: string, overTcp: boolean): string {
    if (overTcp) return `postgres://hearth@127.0.0.1:${this.port}/${database}`
    return `postgres://hearth@localhost:${this.port}/${database}?host=${encodeURIComponent(this.folder)}`
  }
}

function nameIn(url: string): string {
  return new URL(url).pathname.slice(1)
}

function findPrograms(root = '/usr/lib/postgresql'): string | undefined {
  if (!existsSync(root)) return undefined
  const versions = readdirSync(root).filter((version) => existsSync(join(root, version, 'bin/initdb')))
  const [newest] = versions.sort((a, b) => Number(b) - Number(a))
  return newest && join(root, newest, 'bin')
}

function program(name: string): string {
  if (programs === undefined) throw new Error(String(postgresMissing))
  return join(programs, name)
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function asNobody(): string[] {
  return isRoot() ? ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups'] : []
}

function unprivileged() {
  return isRoot() ? { uid: nobody, gid: nobody } : {}
}

async function run(name: string, args: readonly string[]): Promise<void> {
  const child = spawn(program(name), args, { ...unprivileged(), env: { LC_ALL: 'C' }, stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  const reading = pipeline(child.stderr, async (lines) => {
    for await (const chunk of lines) said.push(String(chunk))
  })
  const [code] = await once(child, 'exit')
  await reading
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${said.join('')}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
