import { afterAll, beforeAll, expect, it } from 'vitest'
import { apiClient, type Call, itemsOf } from '../server/support/api-client.ts'
import { HearthHome } from './support/hearth-home.ts'

let home: HearthHome
let call: Call

beforeAll(async () => {
  home = await HearthHome.make()
  await home.said('template', 'build', 'base', 'builtin:base')
  await home.said('launch', 'base', '--name', 'web')
  call = apiClient(home.path)
})
afterAll(() => home[Symbol.asyncDispose]())

it('runs a process to its end over plain HTTP', async () => {
  const { status, body } = await call('POST', '/v1/machines/web/exec', {
    argv: ['/bin/sh', '-c', 'cat; echo bad >&2; exit 3'],
    input: 'in',
  })
  expect([status, body]).toEqual([200, expect.objectContaining({ code: 3, stdout: 'in', stderr: 'bad\n', timedOut: false })])
  const late = await call('POST', '/v1/machines/web/exec', { argv: ['sleep', '1000'], timeoutMs: 500 })
  expect(late.body).toMatchObject({ code: 137, timedOut: true })
})

it('asks a service that listens on the loopback inside a machine', async () => {
  expect((await call('GET', '/v1/machines/web/ports/8080/')).body).toMatchObject({ code: 'guest_error', status: 502 })
  await call('POST', '/v1/machines/web/exec', { argv: ['mkdir', '-p', '/www'] })
  await call('POST', '/v1/machines/web/exec', { argv: ['/bin/sh', '-c', 'echo hello from inside > /www/index.html'] })
  const started = await call('POST', '/v1/machines/web/exec', {
    argv: ['busybox', 'httpd', '-p', '127.0.0.1:8080', '-h', '/www'],
  })
  expect(started.body).toMatchObject({ code: 0 })
  expect(itemsOf(await call('GET', '/v1/machines/web/ports'))).toContainEqual({ port: 8080 })
  const answer = await call('GET', '/v1/machines/web/ports/8080/index.html')
  expect([answer.status, answer.body]).toEqual([200, 'hello from inside\n'])
  expect((await call('GET', '/v1/machines/web/ports/8080/nothing')).status).toBe(404)
})

it('follows the console of a real machine from where it was read to', async () => {
  await call('POST', '/v1/machines/web/exec', { argv: ['/bin/sh', '-c', 'echo first line > /dev/console'] })
  const logs = home.begin(['logs', '--follow', 'web'])
  let said = ''
  logs.child.stdout?.on('data', (chunk) => {
    said += chunk
  })
  await expect.poll(() => said, { timeout: 20_000 }).toContain('first line')
  await call('POST', '/v1/machines/web/exec', { argv: ['/bin/sh', '-c', 'echo second line > /dev/console'] })
  await expect.poll(() => said, { timeout: 20_000 }).toContain('second line')
  expect(said.match(/first line/g)).toHaveLength(1)
  logs.child.kill('SIGINT')
  await logs.ended
})
