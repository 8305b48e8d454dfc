import { ManualClock, memoryStore } from '@hearth/conformance'
import { silentLog } from '@hearth/model'
import { expect, it, vi } from 'vitest'
import { AuditTrail } from './audit-trail.ts'

const start = new ManualClock().now()
const entry = (n: number) => ({ at: start + n, method: 'POST', path: `/${n}`, status: 200, requestId: `r${n}` })
const dayMs = 86_400_000

function trail(keepDays = 90) {
  const clock = new ManualClock()
  const store = memoryStore()
  const error = vi.fn()
  const audit = new AuditTrail(store.audit, clock, { ...silentLog, error }, keepDays)
  const written = async () => (await store.audit.page({ limit: 1000 })).items.map(({ at }) => at - start).reverse()
  return { clock, store, error, audit, written }
}

it('writes what was noted within a second, in order', async () => {
  const { audit, clock, written } = trail()
  for (let n = 0; n < 3; n++) audit.note(entry(n))
  expect([await written(), clock.sleeping]).toEqual([[], 1])
  clock.advance(1000)
  await vi.waitFor(async () => expect(await written()).toEqual([0, 1, 2]))
  audit.note(entry(3))
  clock.advance(1000)
  await vi.waitFor(async () => expect(await written()).toEqual([0, 1, 2, 3]))
})

it('writes many at once without waiting', async () => {
  const { audit, written } = trail()
  for (let n = 0; n < 500; n++) audit.note(entry(n))
  await vi.waitFor(async () => expect(await written()).toHaveLength(500))
})

it('writes the rest when it is closed', async () => {
  const { audit, clock, written } = trail()
  audit.note(entry(1))
  await audit.close()
  expect([await written(), clock.sleeping]).toEqual([[1], 0])
})

it('keeps what the store does not take, and tells', async () => {
  const { audit, clock, store, error, written } = trail()
  const append = store.audit.append
  store.audit.append = () => Promise.reject(new Error('gone'))
  audit.note(entry(1))
  clock.advance(1000)
  await vi.waitFor(() => expect(error).toHaveBeenCalledWith('audit.not_written', { waiting: 1, error: 'gone' }))
  store.audit.append = append
  await vi.waitFor(() => expect(clock.sleeping).toBe(1))
  clock.advance(1000)
  await vi.waitFor(async () => expect(await written()).toEqual([1]))
})

it('says how many were lost when the store never answers', async () => {
  const { audit, store, error } = trail()
  store.audit.append = () => Promise.reject(new Error('gone'))
  audit.note(entry(1))
  await audit.close()
  expect(error).toHaveBeenCalledWith('audit.lost', { entries: 1 })
})

it('forgets what is older than it is kept', async () => {
  const { audit, clock, written } = trail(2)
  audit.note(entry(0))
  await audit.flush()
  clock.advance(3 * dayMs)
  audit.note(entry(3 * dayMs))
  await audit.flush()
  expect(await written()).toEqual([3 * dayMs])
})
