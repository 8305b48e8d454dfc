import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, type Log, type MachineDriver, type PassFailpoint, systemClock } from '@hearth/model'
import { ensureLauncher } from '../launcher/ensure-launcher.ts'
import type { LauncherClient } from '../launcher/launcher-client.ts'
import { LauncherLink } from '../launcher/launcher-link.ts'
import { type Acceleration, chooseAccelerator } from './acceleration.ts'
import { askQemu, type HostFacts, hostFactsKey, recallHostFacts, rememberHostFacts } from './host-facts.ts'
import { createImageBuilder } from './images/image-builder.ts'
import { type Layout, layoutOf } from './layout.ts'
import { MemoryFiles } from './memory-files.ts'
import { QemuDriver } from './qemu-driver.ts'
import { takeOver } from './take-over.ts'
import { vmmUsers } from './vmm-user.ts'
import { Vmms } from './vmms.ts'

export interface QemuDriverOptions {
  /** HEARTH_HOME. */
  readonly home: string
  /** Where set-up put the guest kernel, the guest agent and the launcher. */
  readonly assets: string
  readonly acceleration: Acceleration
  readonly log: Log
  readonly clock?: Clock
  readonly qemu?: string
  /** Default: does nothing. */
  readonly failpoint?: PassFailpoint
  /** Stands between the driver and its launcher: for tests that look into the pause of a snapshot. */
  readonly intercept?: (launcher: LauncherClient) => LauncherClient
}

/** Connects to the launcher of `home` (starting it if need be) and offers QEMU machines there. @throws `driver_misconfigured`, `driver_unavailable` */
export async function createQemuDriver(options: QemuDriverOptions): Promise<MachineDriver> {
  const { home, assets, log, clock = systemClock, qemu = '/usr/bin/qemu-system-x86_64', intercept = (own) => own } = options
  const layout = layoutOf(home)
  await mkdir(layout.machines, { recursive: true, mode: 0o711 })
  const binary = join(assets, 'launcher', 'hearth-launcher')
  const vmms = new Vmms(layout, log)
  const launcher = new LauncherLink({
    connect: async () => intercept(await ensureLauncher({ home, binary, log })),
    takeOver: (client) => takeOver(client, vmms, memory),
    log,
  })
  const memory = new MemoryFiles(launcher, (id) => vmms.all().some(({ record }) => record.restoredFrom === id))
  await launcher.client()
  return new QemuDriver({
    layout,
    launcher,
    vmms,
    memory,
    qemu,
    clock,
    log,
    failpoint: options.failpoint ?? (() => undefined),
    images: createImageBuilder({ assets, log }),
    hash: async (path, signal) => (await launcher.client()).hash(path, signal && { signal }),
    users: await vmmUsers(layout.machines),
    facts: once(() => learnHostFacts(layout, qemu, join(assets, 'kernel', 'vmlinuz'), options.acceleration)),
  })
}

async function learnHostFacts(layout: Layout, qemu: string, kernel: string, acceleration: Acceleration): Promise<HostFacts> {
  const key = await hostFactsKey(qemu, acceleration)
  const remembered = await recallHostFacts(layout.hostFacts, key)
  if (remembered) return remembered
  const { accelerator, note } = await chooseAccelerator(acceleration, qemu, kernel)
  const facts = { ...(await askQemu(qemu, accelerator)), key, acceleratorNote: note }
  await rememberHostFacts(layout.hostFacts, facts)
  return facts
}

/** Asked once; a failure is asked again. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = undefined
      throw error
    })
    return answer
  }
}
