import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '@hearth/model'
import { expect, it } from 'vitest'
import { ask, askJson, memoryServer } from '../server/support/memory-server.ts'
import { scratchFolder } from '../support/scratch-folder.ts'
import { readyTemplate } from './support/ready-template.ts'

interface Line {
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A log that keeps everything, as the server's own writes it. */
function listening(): { readonly log: Log; readonly lines: readonly Line[] } {
  const lines: Line[] = []
  const keep = (event: string, fields: Line['fields'] = {}) => void lines.push({ event, fields })
  return { log: { debug: keep, info: keep, warn: keep, error: keep }, lines }
}

const hidden = {
  secret: 'hush-4f1c',
  env: 'quiet-92aa',
  file: 'whisper-77b0',
  agent: 'hearth_0000000000000000000000000000000000000bad',
}

it('says under fixed names what happened, and never what must stay secret', async () => {
  await using folder = await scratchFolder()
  const home = join(folder.path, 'home')
  const { log, lines } = listening()
  const server = await memoryServer(home, { log, listen: { host: '127.0.0.1', port: 0 } })
  const key = readFileSync(join(home, 'keys/admin'), 'utf8').trim()
  await readyTemplate(home)
  await askJson(home, 'POST', '/v1/machines', {
    template: 'base',
    name: 'web',
    secrets: { API_KEY: hidden.secret },
    env: { MODE: hidden.env },
    files: [{ path: '/run/token', content: Buffer.from(hidden.file).toString('base64'), mode: '0600' }],
  })
  await askJson(home, 'POST', '/v1/machines/web/snapshots?wait=10', {})
  await askJson(home, 'POST', '/v1/machines', { template: 'base', secrets: { API_KEY: hidden.secret }, nonsense: hidden.env })
  const asked = (header: string, value: string) => fetch(`${server.url}/v1/machines/web`, { headers: { [header]: value } })
  expect((await asked('authorization', `Bearer ${key}`)).status).toBe(200)
  expect((await asked('authorization', `Bearer ${hidden.agent}`)).status).toBe(401)
  expect((await asked('x-api-key', hidden.agent)).status).toBe(401)
  const { headers } = await ask(home, 'GET', '/v1/machines/none')
  await server.close()

  const said = JSON.stringify(lines)
  for (const secret of [...Object.values(hidden), key]) expect(said).not.toContain(secret)
  expect(said).not.toContain(Buffer.from(hidden.file).toString('base64'))
  expect(said).not.toContain(`hearth_`.concat(key.split('_').at(-1) ?? key))

  const events = lines.map(({ event }) => event)
  expect(events).toEqual(expect.arrayContaining(['server.ready', 'machine.running', 'snapshot.ready', 'http.answered']))
  for (const event of events) expect(event).toMatch(/^[a-z]+(\.[a-z_]+)+$/)
  const answered = lines.find(({ fields }) => fields.requestId === headers['x-request-id'])
  expect(answered).toMatchObject({
    event: 'http.answered',
    fields: { method: 'GET', status: 404, requestId: expect.any(String) },
  })
  for (const { event, fields } of lines)
    if (event.startsWith('http.')) expect(fields.requestId, event).toEqual(expect.any(String))
})
