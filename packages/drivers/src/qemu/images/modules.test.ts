import { describe, expect, it } from 'vitest'
import { guestModules, moduleCatalog, resolveModules } from './modules.ts'

/** As Debian 12 ships them: plain files, much of virtio as modules. */
const debian12 = moduleCatalog(
  `kernel/drivers/virtio/virtio.ko:
kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko
kernel/drivers/virtio/virtio_pci_modern_dev.ko:
kernel/drivers/virtio/virtio_pci_legacy_dev.ko:
kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio_pci_legacy_dev.ko kernel/drivers/virtio/virtio_pci_modern_dev.ko kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/char/virtio_console.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/char/hw_random/rng-core.ko kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/char/hw_random/rng-core.ko:
kernel/net/core/failover.ko:
kernel/drivers/net/net_failover.ko: kernel/net/core/failover.ko
kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net_failover.ko kernel/net/core/failover.ko kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/fs/squashfs/squashfs.ko:
kernel/fs/overlayfs/overlay.ko:
`,
  'kernel/fs/ext4/ext4.ko\nkernel/fs/jbd2/jbd2.ko\n',
)

/** As Debian 13 ships them: compressed, more built in, vmgenid there. */
const debian13 = moduleCatalog(
  `kernel/drivers/block/virtio_blk.ko.xz:
kernel/drivers/char/virtio_console.ko.xz:
kernel/net/core/failover.ko.xz:
kernel/drivers/net/net_failover.ko.xz: kernel/net/core/failover.ko.xz
kernel/drivers/net/virtio_net.ko.xz: kernel/drivers/net/net_failover.ko.xz kernel/net/core/failover.ko.xz
kernel/fs/squashfs/squashfs.ko.xz:
kernel/fs/overlayfs/overlay.ko.zst:
kernel/fs/jbd2/jbd2.ko.xz:
kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz
kernel/drivers/virt/vmgenid.ko.xz:
`,
  'kernel/drivers/virtio/virtio_pci.ko\nkernel/drivers/char/hw_random/virtio-rng.ko\n',
)

describe('the modules of a guest', () => {
  it('come after what they need, each once, without what is built in (Debian 12)', () => {
    const modules = resolveModules(debian12, guestModules.required, guestModules.optional)
    expect(modules.map(({ name }) => name)).toEqual([
      ...[
        'virtio',
        'virtio_ring',
        'virtio_pci_modern_dev',
        'virtio_pci_legacy_dev',
        'virtio_pci',
        'virtio_blk',
        'virtio_console',
      ],
      ...['failover', 'net_failover', 'virtio_net', 'rng_core', 'virtio_rng', 'squashfs', 'overlay'],
    ])
  })

  it('may be compressed, and vmgenid is taken where it is (Debian 13)', () => {
    const modules = resolveModules(debian13, guestModules.required, guestModules.optional)
    expect(modules.map(({ name }) => name)).toEqual([
      ...[
        'virtio_blk',
        'virtio_console',
        'failover',
        'net_failover',
        'virtio_net',
        'squashfs',
        'overlay',
        'jbd2',
        'ext4',
        'vmgenid',
      ],
    ])
    expect(modules.find(({ name }) => name === 'overlay')?.file).toBe('kernel/fs/overlayfs/overlay.ko.zst')
  })

  it('that the kernel lacks are named, with what needs them', () => {
    expect(() => resolveModules(debian12, ['zfs'])).toThrow('the guest kernel has no module "zfs"')
    const broken = moduleCatalog('kernel/a.ko: kernel/b.ko\nkernel/b.ko: kernel/c.ko\n', '')
    expect(() => resolveModules(broken, ['a'])).toThrow('no module "c" (needed by b, which is needed by a)')
  })

  it('that need each other are an error, not an endless loop', () => {
    const circular = moduleCatalog('kernel/a.ko: kernel/b.ko\nkernel/b.ko: kernel/a.ko\n', '')
    expect(() => resolveModules(circular, ['a'])).toThrow(expect.objectContaining({ code: 'driver_misconfigured' }))
  })
})
