import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, copyFileSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { SnapshotManifest } from '@hearth/model'
import { cpuArgument } from '../packages/drivers/src/qemu/compatibility.ts'
import { qemuArguments } from '../packages/drivers/src/qemu/hardware-profile.ts'
import type { HostFacts } from '../packages/drivers/src/qemu/host-facts.ts'

const helloRequest = Buffer.from('0000000701000000010001', 'hex')
const replyType = 0x11

/** What the floor needs to know of a snapshot, read before any clock starts. */
export interface Floor {
  readonly argv: readonly string[]
  readonly files: readonly { readonly path: string; readonly flags: string }[]
  readonly overlay: { readonly from: string; readonly to: string }
}

/**
 * The fastest restore we know by hand, on the same hardware profile: descriptors instead of socket paths, no QMP, no server, no
 * personalisation; the script waits for the guest agent's first answer and kills the machine.
 */
export function prepareFloor(home: string, manifest: SnapshotManifest, scratchFolder: string): Floor {
  const facts = JSON.parse(readFileSync(join(home, 'qemu-host.json'), 'utf8')) as HostFacts
  const template = join(home, 'templates', manifest.template)
  const snapshot = join(home, 'snapshots', manifest.id)
  const overlay = { from: join(template, 'overlay.qcow2'), to: join(scratchFolder, 'floor.qcow2') }
  const layers = manifest.layers.disk.map((name) => join(snapshot, name))
  // 3 and 4 are the agent's and QMP's socket pairs.
  const files = [
    ...['stub-kernel', 'stub-initrd', 'rootfs.squashfs', 'scratch.raw'].map((name) => ({
      path: join(template, name),
      flags: 'r',
    })),
    ...layers.map((path) => ({ path, flags: 'r' })),
    { path: overlay.to, flags: 'r+' },
    { path: join(snapshot, 'device-state'), flags: 'r' },
  ]
  const disk = [8, ...layers.map((_, index) => 9 + index), 9 + layers.length]
  const args = qemuArguments({
    machineType: manifest.compatibility.machineType,
    cpuArgument: cpuArgument(facts, manifest.compatibility.cpuFeatures),
    accelerator: facts.accelerator,
    vcpus: manifest.resources.vcpus,
    memoryMiB: manifest.resources.memoryMiB,
    sharedMemory: false,
    mac: '52:54:00:12:34:56',
    netdev: 'hubport,id=net0,hubid=0',
    consolePath: join(scratchFolder, 'floor-console.log'),
    descriptors: { agent: 3, qmp: 4, memory: 0, kernel: 5, initrd: 6, rootfs: 7, disk, deviceState: 10 + layers.length },
    diskFormats: ['raw', ...layers.map(() => 'qcow2' as const), 'qcow2'],
  })
  const argv = args.map((arg) =>
    arg.replace('/proc/self/fd/0', join(snapshot, manifest.layers.memory.file)).replace(',server=on,wait=off', ''),
  )
  return { argv, files, overlay }
}

/** Resolves when the agent of a restored machine has answered; the machine is gone by then. */
export async function restoreByHand(floor: Floor, qemu = '/usr/bin/qemu-system-x86_64'): Promise<number> {
  copyFileSync(floor.overlay.from, floor.overlay.to)
  const began = performance.now()
  const descriptors = floor.files.map(({ path, flags }) => openSync(path, flags))
  const child = spawn(qemu, floor.argv, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe', ...descriptors] })
  for (const descriptor of descriptors) closeSync(descriptor)
  const gone = once(child, 'close')
  try {
    await Promise.race([
      firstAnswer(child.stdio[3] as Duplex),
      gone.then(() => {
        throw new Error('QEMU ended before its guest answered')
      }),
    ])
    return performance.now() - began
  } finally {
    child.kill('SIGKILL')
    await gone
  }
}

/** Greets a guest agent and resolves with its first answer (docs/guest-protocol.md). */
export async function firstAnswer(agent: Duplex): Promise<void> {
  const nonce = randomBytes(16).toString('hex')
  const answer = `\nHEARTH/1 OK ${nonce}\n`
  agent.write(`\nHEARTH/1 ${nonce}\n`)
  let received = Buffer.alloc(0)
  let greeted = false
  for await (const chunk of agent) {
    received = Buffer.concat([received, chunk as Buffer])
    const at = greeted ? -1 : received.indexOf(answer)
    if (at >= 0) {
      greeted = true
      received = received.subarray(at + answer.length)
      agent.write(helloRequest)
    }
    if (greeted && received.length >= 5 && received[4] === replyType) return
  }
}
