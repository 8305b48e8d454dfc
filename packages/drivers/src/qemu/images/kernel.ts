import { driverError } from '@hearth/model'

const bootSectorBytes = 512
const stubBytes = 2048

/**
 * The release of a bzImage, such as `6.1.0-56-cloud-amd64`.
 * The header's fields: Documentation/arch/x86/boot.rst of the Linux kernel (`HdrS` at 0x202, version string pointer at 0x20e).
 * @throws HearthError `driver_misconfigured` when `image` is no bzImage
 */
export function kernelRelease(image: Uint8Array): string {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength)
  if (bytes.length < 4096 || bytes.toString('latin1', 0x202, 0x206) !== 'HdrS') throw notAKernel('it has no bzImage header')
  const start = bytes.readUInt16LE(0x20e) + bootSectorBytes
  const release = /^[0-9][\w.+~-]{0,63}/.exec(bytes.toString('latin1', start, start + 65))?.[0]
  if (release === undefined) throw notAKernel('its header names no release')
  return release
}

/**
 * What clones are given as their kernel. Only QEMU's loader looks at it: the clone's memory already holds the real one,
 * and every byte that is loaded here is memory that each clone wastes. One set-up sector (0x1f1) is the least that loads.
 */
export function stubKernel(image: Uint8Array): Uint8Array {
  const stub = Uint8Array.from(image.subarray(0, stubBytes))
  stub[0x1f1] = 1
  return stub
}

/** What clones are given as their initial RAM disk; QEMU takes no empty one. */
export const stubInitrd: Uint8Array = Uint8Array.of(0, 0)

function notAKernel(why: string): Error {
  return driverError('Misconfigured', `the kernel of the set-up is not usable: ${why}`, {
    hint: 'Run the set-up again: "npm run setup".',
  })
}
