import { describe, expect, it } from 'vitest'
import { loadConfig } from './load-config.ts'

const load = (...argv: string[]) =>
  loadConfig({ argv: ['--home', '/nowhere', ...argv], env: {}, isRoot: false, userHome: '/h', assets: '/a' })

describe('the address to listen on', () => {
  it.each([
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['localhost:4747', { host: 'localhost', port: 4747 }],
    ['[::1]:4747', { host: '::1', port: 4747 }],
    ['127.9.9.9:1', { host: '127.9.9.9', port: 1 }],
  ])('%s needs nothing more', async (listen, expected) => {
    expect((await load('--listen', listen)).config.listen).toEqual(expected)
  })

  it.each(['0.0.0.0:4747', '[::]:4747', '192.0.2.1:4747', 'hearth.example.org:4747', '127.0.0.1.example.org:4747'])(
    '%s needs TLS, or somebody who says that it does not',
    async (listen) => {
      await expect(load('--listen', listen)).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringContaining('set tlsCert and tlsKey, or insecureListen'),
      })
      await load('--listen', listen, '--tls-cert', '/c', '--tls-key', '/k')
      await load('--listen', listen, '--insecure-listen', 'true')
    },
  )

  it.each(['4747', ':4747', '1.2.3.4', '[1.2.3.4]:1', '::1:4747', 'a b:1', 'x:65536', 'x:-1'])('%j is none', async (listen) => {
    await expect(load('--listen', listen)).rejects.toMatchObject({
      message: expect.stringContaining('an address and port, such as 127.0.0.1:4747'),
    })
  })
})

it.each([
  [['--tls-cert', '/c'], 'tlsKey is missing; it belongs to tlsCert'],
  [['--tls-key', '/k'], 'tlsCert is missing; it belongs to tlsKey'],
  [['--insecure-listen', 'yes'], '--insecure-listen: "yes" is not allowed; '],
  [['--cors-origins', 'https://a.example/'], 'origins such as https://console.example.org, or *'],
  [['--cors-origins', 'a.example'], 'origins such as'],
  [['--requests-per-minute=-1'], 'at least 0'],
  [['--requests-per-minute', 'many'], '--requests-per-minute: "many" is not allowed'],
  [['--audit-days', '0'], 'at least 1'],
  [['--open-metrics', '1', '--listen', '[::]:1', '--insecure-listen', '1'], 'only where listen is a loopback address'],
  [['--advertise', 'http://10.0.0.5:4747'], 'or insecureListen where something else encrypts'],
])('%j is refused', async (argv, message) => {
  await expect(load(...argv)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(message) })
})

it.each([['https://hearth-1.example:4747'], ['http://[::1]:4747'], ['http://10.0.0.5:4747', '--insecure-listen', '1']])(
  'lets other servers reach this one at %s',
  async (advertise, ...more) => {
    expect((await load('--advertise', advertise, ...more)).config.advertise).toBe(advertise)
  },
)

it('reads lists, numbers and switches', async () => {
  const { config } = await load(
    ...['--cors-origins', 'https://a.example, http://localhost:5173', '--requests-per-minute', '0'],
    ...['--audit-days', '7', '--insecure-listen', '1'],
  )
  expect(config).toMatchObject({
    corsOrigins: ['https://a.example', 'http://localhost:5173'],
    requestsPerMinute: 0,
    auditDays: 7,
    insecureListen: true,
  })
})
