import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { access, chmod, chown, constants, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { firstAnswer } from '../floor.ts'

const run = promisify(execFile)
const libvirtd = '/usr/sbin/libvirtd'
const virsh = '/usr/bin/virsh'

/** The files of a template that a libvirt guest boots from. */
export interface GuestFiles {
  readonly templateFolder: string
  readonly memoryMiB: number
}

/**
 * The same guest under a libvirtd of our own, with the devices of our hardware profile and those that libvirt adds by itself:
 * `virsh save`, then `virsh restore` until the guest agent answers.
 *
 * A daemon of a user's session leaves the host's alone; what one of the system takes, and why the times fall into two groups:
 * docs/benchmarks.md.
 */
export class VirshPeer implements AsyncDisposable {
  readonly #folder: string
  readonly #daemon: ChildProcess

  private constructor(folder: string, daemon: ChildProcess) {
    this.#folder = folder
    this.#daemon = daemon
  }

  /** `undefined` where libvirt is not installed. Leaves the guest saved. */
  static async start(folder: string, guest: GuestFiles): Promise<VirshPeer | undefined> {
    try {
      await Promise.all([access(libvirtd, constants.X_OK), access(virsh, constants.X_OK)])
    } catch {
      return undefined // not installed: the peer is left out, and the report says so
    }
    await prepare(folder, guest)
    const appeared = appears(join(folder, 'libvirt'), 'libvirt-sock')
    const daemon = spawn(libvirtd, [], { env: environment(folder), stdio: 'ignore', ...nobody })
    await appeared
    const peer = new VirshPeer(folder, daemon)
    await peer.#virsh('create', join(folder, 'guest.xml'))
    await peer.#answer()
    await peer.#save()
    return peer
  }

  /** The time from `virsh restore` to the agent's answer, in milliseconds; the guest is saved again afterwards. */
  async restore(): Promise<number> {
    const began = performance.now()
    await this.#virsh('restore', join(this.#folder, 'saved'))
    await this.#answer()
    const tookMs = performance.now() - began
    await this.#save()
    return tookMs
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#daemon, 'close')
    this.#daemon.kill('SIGTERM')
    await gone
  }

  #save(): Promise<void> {
    return this.#virsh('save', 'hearth-bench', join(this.#folder, 'saved'))
  }

  async #answer(): Promise<void> {
    const socket = connect(join(this.#folder, 'agent.sock'))
    await once(socket, 'connect')
    await firstAnswer(socket)
    socket.destroy()
  }

  async #virsh(...args: string[]): Promise<void> {
    await run(virsh, ['-c', 'qemu:///session', ...args], { env: environment(this.#folder), ...nobody })
  }
}

/** As somebody without rights libvirt keeps to folders of our choice; as root it would use those of the system. */
const nobody = { uid: 65534, gid: 65534 } as const
const bootFiles = ['kernel', 'initramfs', 'rootfs.squashfs', 'scratch.raw'] as const

async function prepare(folder: string, guest: GuestFiles): Promise<void> {
  await mkdir(join(folder, 'libvirt'), { recursive: true })
  for (const name of bootFiles) await copyFile(join(guest.templateFolder, name), join(folder, name))
  await run('/usr/bin/qemu-img', [
    ...['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', join(folder, 'scratch.raw')],
    ...[join(folder, 'disk.qcow2'), '2G'],
  ])
  await writeFile(join(folder, 'libvirt', 'qemu.conf'), 'stdio_handler = "file"\n')
  await writeFile(join(folder, 'guest.xml'), domain(folder, guest))
  for (const path of [folder, join(folder, 'libvirt'), join(folder, 'disk.qcow2')]) await chown(path, nobody.uid, nobody.gid)
  // The folder above was made for us alone.
  await chmod(dirname(folder), 0o711)
}

function environment(folder: string): NodeJS.ProcessEnv {
  return {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: folder,
    XDG_RUNTIME_DIR: folder,
    XDG_CACHE_HOME: folder,
    XDG_CONFIG_HOME: folder,
  }
}

async function appears(folder: string, name: string): Promise<void> {
  const watcher = watch(folder)
  const late = AbortSignal.timeout(15_000)
  try {
    while (
      !(await access(join(folder, name)).then(
        () => true,
        () => false,
      ))
    ) {
      await once(watcher, 'change', { signal: late })
    }
  } finally {
    watcher.close()
  }
}

function domain(folder: string, { memoryMiB }: GuestFiles): string {
  return `<domain type='qemu'>
  <name>hearth-bench</name>
  <memory unit='MiB'>${memoryMiB}</memory>
  <genid/>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>${join(folder, 'kernel')}</kernel>
    <initrd>${join(folder, 'initramfs')}</initrd>
    <cmdline>console=ttyS0 quiet tsc=reliable no_timer_check reboot=t panic=-1 hearth.port=hearth.agent</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='maximum'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/><source file='${join(folder, 'rootfs.squashfs')}'/><target dev='vda' bus='virtio'/><readonly/>
    </disk>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='${join(folder, 'disk.qcow2')}'/><target dev='vdb' bus='virtio'/>
    </disk>
    <channel type='unix'>
      <source mode='bind' path='${join(folder, 'agent.sock')}'/><target type='virtio' name='hearth.agent'/>
    </channel>
    <rng model='virtio'><backend model='builtin'/></rng>
    <interface type='user'><model type='virtio'/></interface>
    <serial type='file'><source path='${join(folder, 'console.log')}'/></serial>
  </devices>
</domain>
`
}
