import type { KeyResource } from '@hearth/sdk'
import { expect, it } from 'vitest'
import { auditTable, keyTable, keyText, newKeyText } from './key-text.ts'

const key: KeyResource = {
  id: 'k-0000000000000001',
  name: 'ci\u001b[31m',
  prefix: 'hearth_01234567',
  state: 'rotated',
  scope: 'use',
  namespaces: ['red', 'blue'],
  createdAt: '2026-01-01T00:00:00.000Z',
  lastUsedAt: '2026-01-02T00:00:00.000Z',
  rotatedTo: 'k-0000000000000002',
}

it('shows keys in lines, harmless for a terminal', () => {
  expect(keyTable([key, { ...key, namespaces: '*', lastUsedAt: undefined }], Date.parse('2026-01-02T01:00:00Z'))).toBe(
    [
      'ID                  NAME  KEY               STATE    SCOPE  NAMESPACES  EXPIRES  USED',
      'k-0000000000000001  ci    hearth_01234567…  rotated  use    red,blue    -        1h',
      'k-0000000000000001  ci    hearth_01234567…  rotated  use    *           -        -',
    ].join('\n'),
  )
})

it('shows all of one key but the key', () => {
  expect(keyText({ ...key, requestsPerMinute: 60 })).toContain('requests per minute: 60')
  expect(keyText(key)).toMatch(/replaced by: +k-0000000000000002/)
  expect(newKeyText({ ...key, namespaces: '*' })).toBe(
    'k-0000000000000001: use everywhere. Keep the key now: it is not shown again.',
  )
})

it('shows who asked what', () => {
  const entry = { seq: 1, at: '2026-01-01T00:00:00.000Z', method: 'POST', path: '/v1/machines', status: 201, requestId: 'r' }
  expect(auditTable([entry, { ...entry, key: key.id, namespace: 'red' }])).toContain('owner')
})
