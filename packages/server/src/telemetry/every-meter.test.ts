import { type EngineMeter, silentLog, silentMeter } from '@hearth/model'
import { expect, it, vi } from 'vitest'
import { everyMeter } from './every-meter.ts'

it('tells every meter, also behind one that throws, and never throws itself', () => {
  const launchFailed = vi.fn()
  const broken: EngineMeter = {
    ...silentMeter,
    launchFailed() {
      throw new Error('full')
    },
  }
  const error = vi.fn()
  const news = { driver: 'qemu', code: 'internal', tookMs: 1 }
  everyMeter([broken, { ...silentMeter, launchFailed }], { ...silentLog, error }).launchFailed(news)
  expect(launchFailed).toHaveBeenCalledWith(news)
  expect(error).toHaveBeenCalledWith('meter.failed', { call: 'launchFailed', error: 'full' })
})
