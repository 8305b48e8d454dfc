/**
 * What a snapshot freezes, chosen once and numbered. A change of anything here that a saved device state can see is a new profile;
 * old ones stay launchable.
 *
 * `pc-1`: i440fx; serial console; one virtio-serial port for the guest agent; rng; vmgenid; one NIC whose back end keeps no state
 * at template time; a read-only base disk and a scratch disk, in fixed slots.
 */
/** The id of a machine's network card. */
export const networkCard = 'nic0'

export const hardwareProfile = 'pc-1'

/** What changes between two machines of one profile. */
export interface HardwareSettings {
  /** Versioned machine type, such as `pc-i440fx-7.2`: `pc` means another one in each release. */
  readonly machineType: string
  readonly cpuArgument: string
  readonly accelerator: 'kvm' | 'tcg'
  readonly vcpus: number
  readonly memoryMiB: number
  /** The memory is written to the file itself (a template) or copied on write (everything else). */
  readonly sharedMemory: boolean
  readonly mac: string
  readonly netdev: string
  readonly consolePath: string
  /** Descriptor numbers, as handed over by the launcher. */
  readonly descriptors: {
    readonly agent: number
    readonly qmp: number
    readonly memory: number
    readonly kernel: number
    readonly initrd: number
    /** Present for a clone, which then never looks at its kernel image. */
    readonly deviceState?: number
    readonly rootfs: number
    /** Oldest first; the last one is the machine's own writable overlay. */
    readonly disk: readonly number[]
  }
  readonly diskFormats: readonly ('raw' | 'qcow2')[]
}

/** The whole command line of one QEMU. Pure. */
export function qemuArguments(settings: HardwareSettings): string[] {
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...processor(settings),
    ...memory(settings),
    ...kernel(settings),
    // A clone has no BIOS to reboot into: a guest's reboot ends the process.
    ...['-action', 'reboot=shutdown'],
    // So that a load without -S runs at once, and needs no configuration section.
    ...['-global', 'migration.store-global-state=off', '-global', 'migration.send-configuration=off'],
    ...channels(settings),
    ...devices(settings),
    ...disks(settings),
    ...(settings.descriptors.deviceState === undefined ? [] : ['-incoming', `fd:${settings.descriptors.deviceState}`]),
  ]
}

function processor(settings: HardwareSettings): string[] {
  const accelerator = settings.accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi,tb-size=128'
  const machine = `${settings.machineType},memory-backend=m0,vmport=off,smbus=off,hpet=off,usb=off,dump-guest-core=off,suppress-vmdesc=on`
  return ['-M', machine, '-accel', accelerator, '-cpu', settings.cpuArgument, '-smp', String(settings.vcpus)]
}

function memory({ memoryMiB, sharedMemory, descriptors }: HardwareSettings): string[] {
  const backend = `memory-backend-file,id=m0,size=${memoryMiB}M,mem-path=/proc/self/fd/${descriptors.memory},share=${sharedMemory ? 'on' : 'off'}`
  return ['-m', String(memoryMiB), '-object', backend]
}

/** A clone gets a stub of two kilobytes as its kernel: it never runs it, and QEMU would read all of it into memory. */
function kernel({ accelerator, descriptors }: HardwareSettings): string[] {
  const usual = 'console=ttyS0 quiet tsc=reliable no_timer_check reboot=t panic=-1 hearth.port=hearth.agent'
  return [
    ...['-kernel', `/proc/self/fd/${descriptors.kernel}`, '-initrd', `/proc/self/fd/${descriptors.initrd}`],
    // An emulated processor does not speculate: its guest need not pay for the defences.
    ...['-append', accelerator === 'tcg' ? `${usual} mitigations=off` : usual],
  ]
}

function channels({ descriptors, consolePath }: HardwareSettings): string[] {
  return [
    ...['-chardev', `socket,id=agent,fd=${descriptors.agent},server=on,wait=off`],
    ...['-chardev', `socket,id=qmp,fd=${descriptors.qmp},server=on,wait=off`, '-mon', 'chardev=qmp,mode=control'],
    ...['-chardev', `file,id=console,path=${consolePath},append=on`, '-device', 'isa-serial,chardev=console'],
  ]
}

function devices({ mac, netdev }: HardwareSettings): string[] {
  return [
    ...['-device', 'virtio-serial-pci,id=serial0,addr=0x4'],
    ...['-device', 'virtserialport,bus=serial0.0,chardev=agent,name=hearth.agent'],
    ...['-object', 'rng-builtin,id=rng0', '-device', 'virtio-rng-pci,rng=rng0,addr=0x5'],
    ...['-device', 'vmgenid,guid=auto'],
    // A clone would announce its template's address to a network that it is not on; its own is set afterwards.
    ...[
      '-netdev',
      netdev,
      '-device',
      `virtio-net-pci,id=${networkCard},netdev=net0,addr=0x6,mac=${mac},guest_announce=off,romfile=`,
    ],
  ]
}

function disks({ descriptors, diskFormats }: HardwareSettings): string[] {
  const set = (descriptor: number) => `filename=/dev/fdset/${descriptor}`
  const descriptorSets = [descriptors.rootfs, ...descriptors.disk].flatMap((fd) => ['-add-fd', `fd=${fd},set=${fd}`])
  const layers = descriptors.disk.flatMap((fd, index) => {
    const top = index === descriptors.disk.length - 1
    const file = `driver=file,node-name=file${index},${set(fd)},locking=off,${top ? 'cache.no-flush=on,discard=unmap' : 'read-only=on'}`
    const format = `driver=${diskFormats[index]},node-name=disk${index},file=file${index}${top ? ',discard=unmap' : ',read-only=on'}`
    return ['-blockdev', file, '-blockdev', index === 0 ? format : `${format},backing=disk${index - 1}`]
  })
  return [
    ...descriptorSets,
    ...['-blockdev', `driver=file,node-name=rootfile,${set(descriptors.rootfs)},read-only=on,locking=off`],
    ...['-blockdev', 'driver=raw,node-name=root,file=rootfile,read-only=on', '-device', 'virtio-blk-pci,drive=root,addr=0x7'],
    ...layers,
    // A full host disk is the guest's I/O error, not a machine that stands still.
    ...['-device', `virtio-blk-pci,id=scratch,drive=disk${descriptors.disk.length - 1},addr=0x8,rerror=report,werror=report`],
  ]
}
