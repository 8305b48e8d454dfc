import { describe, expect, it } from 'vitest'
import { fakeKernel } from './fake-assets.ts'
import { kernelRelease, stubKernel } from './kernel.ts'

describe('a kernel image', () => {
  it('names its release', () => {
    expect(kernelRelease(fakeKernel('6.1.0-56-cloud-amd64'))).toBe('6.1.0-56-cloud-amd64')
  })

  it.each([
    ['empty', Buffer.alloc(0)],
    ['not a bzImage', Buffer.alloc(8192)],
    ['without a release', fakeKernel('')],
    ['with an odd release', fakeKernel('../x')],
  ])('is refused when it is %s', (_, image) => {
    expect(() => kernelRelease(image)).toThrow(expect.objectContaining({ code: 'driver_misconfigured' }))
  })

  it('is cut to a stub with one set-up sector, and left as it was', () => {
    const image = fakeKernel('6.1.0')
    image[0x1f1] = 31
    const stub = stubKernel(image)
    expect(stub).toHaveLength(2048)
    expect(stub[0x1f1]).toBe(1)
    expect(Buffer.from(stub).subarray(0x1f2).equals(image.subarray(0x1f2, 2048))).toBe(true)
    expect(image[0x1f1]).toBe(31)
  })
})
