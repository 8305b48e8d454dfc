import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { DriverBed } from '@hearth/conformance'
import { type MachineDriver, type MachineId, type SnapshotManifest, silentLog } from '@hearth/model'
import { openGuest } from '@hearth/protocol'
import { LauncherClient } from '../../launcher/launcher-client.ts'
import { createQemuDriver } from '../create-qemu-driver.ts'

const run = promisify(execFile)
const assets = process.env.HEARTH_ASSETS ?? resolve(import.meta.dirname, '../../../../../build')

export interface QemuBed extends DriverBed {
  readonly home: string
  restart(): Promise<MachineDriver>
  /** The process of the launcher that listens. */
  launcherPid(): Promise<number>
}

/** A QEMU driver on a home of its own, for tests on real machines. */
export async function qemuBed(): Promise<QemuBed> {
  const home = await mkdtemp(join(tmpdir(), 'hearth-qemu-'))
  // So that each VMM can run as a user of its own, as in a real home.
  await chmod(home, 0o711)
  const openDriver = () => createQemuDriver({ home, assets, acceleration: 'auto', log: silentLog })
  let driver = await openDriver()
  return {
    home,
    launcherPid: () => launcherPid(home),
    get driver() {
      return driver
    },
    openGuest,
    source: { kind: 'builtin', name: 'base' },
    resources: { vcpus: 1, memoryMiB: 256, diskMiB: 256 },
    random: (size) => randomBytes(size),
    bootDeadlineMs: 120_000,
    traces: (text) => tracesOf(home, text),
    flipByte: (snapshot) => flipByte(home, snapshot),
    failNextWrite: () => fillStaging(home),
    crash: (id) => crash(driver, id),
    async restart() {
      await driver.close()
      driver = await openDriver()
      return driver
    },
    async close() {
      for (const { id } of await driver.list()) await driver.destroy(id)
      await driver.close()
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** Files, processes and sockets that carry `text`, as the host tells them. */
async function tracesOf(home: string, text: string): Promise<string[]> {
  const files = (await readdir(home, { recursive: true })).filter((path) => path.includes(text))
  const sockets = (await readFile('/proc/net/unix', 'utf8')).split('\n').filter((line) => line.includes(text))
  return [...files, ...sockets, ...(await processesWith(text))]
}

async function processesWith(text: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const lines = await Promise.all(
    pids.map(async (pid) => {
      // A process may end while we look; a zombie has no command line.
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      return command.includes(text) ? [`process ${pid}`] : []
    }),
  )
  return lines.flat()
}

async function flipByte(home: string, snapshot: SnapshotManifest): Promise<void> {
  const path = join(home, 'snapshots', snapshot.id, snapshot.layers.memory.file)
  await chmod(path, 0o600)
  const file = await open(path, 'r+')
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 4096)
    await file.write(Buffer.from([(buffer[0] ?? 0) ^ 0xff]), 0, 1, 4096)
  } finally {
    await file.close()
    await chmod(path, 0o400)
  }
}

/** A full disk where snapshots are written. */
async function fillStaging(home: string): Promise<() => Promise<void>> {
  const staging = join(home, 'tmp', 'qemu')
  await run('/usr/bin/mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', staging])
  return async () => {
    await run('/usr/bin/umount', [staging])
  }
}

async function crash(driver: MachineDriver, id: MachineId): Promise<void> {
  const { pid } = await driver.stats(id)
  if (pid === undefined) throw new Error(`machine ${id} has no process`)
  process.kill(pid, 'SIGKILL')
}

async function launcherPid(home: string): Promise<number> {
  const launcher = await LauncherClient.connect(join(home, 'launcher.sock'))
  await launcher.close()
  return launcher.pid
}
