import { driverError } from '@hearth/model'
import { expect, it } from 'vitest'
import { requireDigests } from './integrity.ts'

const artifacts = [{ name: 'ram', sizeBytes: 3, sha256: 'a'.repeat(64) }]

it('takes bytes that are other ones, or that cannot be had any more, for damage', async () => {
  const other = requireDigests('/snapshot', artifacts, async () => ({ sha256: 'b'.repeat(64), sizeBytes: 3 }))
  await expect(other).rejects.toMatchObject({ code: 'driver_corrupt', details: { file: 'ram' } })
  for (const errno of ['ENOENT', 'EIO']) {
    const lost = driverError('Unavailable', 'launcher, hash: no', { details: { errno } })
    await expect(requireDigests('/snapshot', artifacts, () => Promise.reject(lost))).rejects.toMatchObject({
      code: 'driver_corrupt',
    })
  }
})

it('does not take the end of whoever reads for damage', async () => {
  const gone = driverError('Unavailable', 'launcher: the connection ended')
  await expect(requireDigests('/snapshot', artifacts, () => Promise.reject(gone))).rejects.toBe(gone)
  const busy = driverError('Unavailable', 'launcher, hash: too many open files', { details: { errno: 'EMFILE' } })
  await expect(requireDigests('/snapshot', artifacts, () => Promise.reject(busy))).rejects.toBe(busy)
})

it('stops when it is told to', async () => {
  const abort = new AbortController()
  const hash = (_path: string, signal?: AbortSignal) =>
    new Promise<never>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
  const reading = requireDigests('/snapshot', artifacts, hash, abort.signal)
  abort.abort(new Error('the server ends'))
  await expect(reading).rejects.toThrow('the server ends')
})
