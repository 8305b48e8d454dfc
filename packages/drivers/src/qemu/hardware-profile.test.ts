import { describe, expect, it } from 'vitest'
import { type HardwareSettings, qemuArguments } from './hardware-profile.ts'

const boot: HardwareSettings = {
  machineType: 'pc-i440fx-7.2',
  cpuArgument: 'max,erms=off',
  accelerator: 'tcg',
  vcpus: 1,
  memoryMiB: 256,
  sharedMemory: true,
  mac: '52:54:00:00:00:01',
  netdev: 'hubport,id=net0,hubid=0',
  consolePath: '/h/machines/m/console.log',
  descriptors: { agent: 3, qmp: 4, memory: 5, kernel: 6, initrd: 7, rootfs: 8, disk: [9, 10] },
  diskFormats: ['raw', 'qcow2'],
}
const clone: HardwareSettings = {
  ...boot,
  sharedMemory: false,
  mac: '52:54:00:00:00:02',
  descriptors: { ...boot.descriptors, disk: [9, 10, 11], deviceState: 12 },
  diskFormats: ['raw', 'qcow2', 'qcow2'],
}

/** What the guest can see: a device state loads only under exactly these. */
function guestVisible(settings: HardwareSettings): string[] {
  const args = qemuArguments(settings)
  return args.flatMap((arg, index) => (['-device', '-M', '-cpu', '-smp', '-m'].includes(arg) ? [args[index + 1] ?? ''] : []))
}

describe('hardware profile pc-1', () => {
  it('gives a clone the devices of its template, but for its MAC and the name of its disk node', () => {
    const normal = (line: string) => line.replace(/mac=[^,]+/, 'mac=*').replace(/drive=disk\d+/, 'drive=disk*')
    expect(guestVisible(clone).map(normal)).toEqual(guestVisible(boot).map(normal))
  })

  it('is frozen: a change here needs a new profile number', () => {
    expect(guestVisible(boot)).toEqual([
      'pc-i440fx-7.2,memory-backend=m0,vmport=off,smbus=off,hpet=off,usb=off,dump-guest-core=off,suppress-vmdesc=on',
      'max,erms=off',
      '1',
      '256',
      'isa-serial,chardev=console',
      'virtio-serial-pci,id=serial0,addr=0x4',
      'virtserialport,bus=serial0.0,chardev=agent,name=hearth.agent',
      'virtio-rng-pci,rng=rng0,addr=0x5',
      'vmgenid,guid=auto',
      'virtio-net-pci,id=nic0,netdev=net0,addr=0x6,mac=52:54:00:00:00:01,guest_announce=off,romfile=',
      'virtio-blk-pci,drive=root,addr=0x7',
      'virtio-blk-pci,id=scratch,drive=disk1,addr=0x8,rerror=report,werror=report',
    ])
  })

  it('maps memory shared only for a template, and loads a state only for a clone', () => {
    expect(qemuArguments(boot).join(' ')).toContain('mem-path=/proc/self/fd/5,share=on')
    expect(qemuArguments(boot)).not.toContain('-incoming')
    expect(qemuArguments(clone).join(' ')).toContain('mem-path=/proc/self/fd/5,share=off')
    expect(qemuArguments(clone).slice(-2)).toEqual(['-incoming', 'fd:12'])
  })

  it('opens all disk layers but the last read-only', () => {
    const drives = qemuArguments(clone).filter((arg) => arg.startsWith('driver='))
    expect(drives.filter((drive) => !drive.includes('read-only=on'))).toEqual([
      'driver=file,node-name=file2,filename=/dev/fdset/11,locking=off,cache.no-flush=on,discard=unmap',
      'driver=qcow2,node-name=disk2,file=file2,discard=unmap,backing=disk1',
    ])
  })
})
