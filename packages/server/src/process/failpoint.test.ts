import { expect, it, vi } from 'vitest'
import { failpointFrom } from './failpoint.ts'

it('is not there without the variable', () => {
  expect(failpointFrom(undefined)).toBeUndefined()
  expect(failpointFrom('')).toBeUndefined()
})

it('ends the server when the named step is passed, once', () => {
  const die = vi.fn()
  const pass = failpointFrom('launch.running', die)
  pass?.('launch.row_written')
  expect(die).not.toHaveBeenCalled()
  pass?.('launch.running')
  pass?.('launch.running')
  expect(die).toHaveBeenCalledOnce()
})

it('can wait for a later time', () => {
  const die = vi.fn()
  const pass = failpointFrom('launch.running:3', die)
  pass?.('launch.running')
  pass?.('launch.running')
  expect(die).not.toHaveBeenCalled()
  pass?.('launch.running')
  expect(die).toHaveBeenCalledOnce()
})

it.each(['launch', 'launch.running:0', 'launch.running:x', 'launch.running:1:1', 'a'.repeat(100)])('refuses %s', (wanted) => {
  expect(() => failpointFrom(wanted)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
})
