import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type ConfigSources, loadConfig } from './load-config.ts'
import { settings } from './settings.ts'
import { shownSettings } from './shown-settings.ts'

const home = mkdtempSync(join(tmpdir(), 'hearth-config-'))
afterAll(() => rmSync(home, { recursive: true }))

const from = (change: Partial<ConfigSources> = {}): ConfigSources => ({
  argv: [],
  env: {},
  isRoot: false,
  userHome: home,
  assets: '/opt/hearth/build',
  ...change,
})
const withFile = async (text: string, change: Partial<ConfigSources> = {}) => {
  const place = mkdtempSync(join(home, 'h-'))
  writeFileSync(join(place, 'hearth.yaml'), text)
  return loadConfig(from({ env: { HEARTH_HOME: place, ...change.env }, argv: change.argv ?? [] }))
}

describe('settings', () => {
  it('have defaults, and the home is the one of the user', async () => {
    const { config, origins, readyFd } = await loadConfig(from())
    expect(config).toMatchObject({
      home: `${home}/.hearth`,
      log: 'info',
      listen: undefined,
      drivers: ['qemu'],
      accel: 'auto',
      assets: '/opt/hearth/build',
      otlpEndpoint: undefined,
      insecureListen: false,
      tlsCert: undefined,
      corsOrigins: [],
      openMetrics: false,
    })
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']))
    expect(readyFd).toBeUndefined()
    expect((await loadConfig(from({ isRoot: true }))).config.home).toBe('/var/lib/hearth')
  })

  it('are taken from flags before the environment before the file, and say where they are from', async () => {
    const file = 'log: error\naccel: kvm\nlisten: 127.0.0.1:1\ndrivers: [memory, qemu]\n'
    const loaded = await withFile(file, { env: { HEARTH_LOG: 'warn', HEARTH_LISTEN: '[::1]:2' }, argv: ['--listen=localhost:3'] })
    expect(loaded.config).toMatchObject({
      log: 'warn',
      accel: 'kvm',
      drivers: ['memory', 'qemu'],
      listen: { host: 'localhost', port: 3 },
    })
    expect(loaded.origins).toMatchObject({
      home: 'environment HEARTH_HOME',
      log: 'environment HEARTH_LOG',
      listen: 'flag --listen',
      accel: expect.stringMatching(/^file .*hearth\.yaml$/),
      assets: 'default',
    })
  })

  it('are taken from a variable that others know too, after our own', async () => {
    const shared = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }
    const { config, origins } = await loadConfig(from({ env: shared }))
    expect(config.otlpEndpoint).toBe('http://127.0.0.1:4318')
    expect(origins.otlpEndpoint).toBe('environment OTEL_EXPORTER_OTLP_ENDPOINT')
    const own = await loadConfig(from({ env: { ...shared, HEARTH_OTLP_ENDPOINT: 'https://collector' } }))
    expect(own.config.otlpEndpoint).toBe('https://collector')
  })

  it('treat an empty variable and an empty file as none', async () => {
    expect((await withFile('', { env: { HEARTH_LOG: '' } })).config.log).toBe('info')
  })

  it.each([
    [
      from({ env: { HEARTH_LOG: 'loud' } }),
      'HEARTH_LOG: "loud" is not allowed; one of "debug", "info", "warn", "error", "silent"',
    ],
    [from({ argv: ['--accel', 'gpu'] }), '--accel: "gpu" is not allowed; one of "auto", "kvm", "tcg"'],
    [from({ env: { HEARTH_DRIVERS: 'qemu,docker' } }), 'HEARTH_DRIVERS: "qemu,docker" is not allowed; one of "qemu", "memory"'],
    [from({ argv: ['--home', 'relative'] }), '--home: "relative" is not allowed; an absolute path'],
    [from({ env: { HEARTH_LISTEN: '0.0.0.0' } }), 'HEARTH_LISTEN: "0.0.0.0" is not allowed; an address and port'],
    [from({ env: { HEARTH_LISTEN: '127.0.0.1:99999' } }), 'HEARTH_LISTEN: "127.0.0.1:99999" is not allowed'],
    [from({ env: { HEARTH_OTLP_ENDPOINT: 'ftp://collector' } }), 'an http:// or https:// address, without user and password'],
    [from({ argv: ['--otlp-endpoint', 'http://u:p@collector'] }), 'an http:// or https:// address, without user and password'],
    [from({ env: { HEARTH_POOL_SIZE: '0' } }), 'HEARTH_POOL_SIZE: "0" is not allowed; at least 1'],
    [from({ env: { HEARTH_POOL_SIZE: '21' } }), 'HEARTH_POOL_SIZE: "21" is not allowed; at most 20'],
    [from({ env: { HEARTH_POOL_SIZE: 'many' } }), 'HEARTH_POOL_SIZE: "many" is not allowed'],
    [from({ env: { HEARTH_SNAPSHOT_REFRESH_SECS: '59' } }), 'HEARTH_SNAPSHOT_REFRESH_SECS: "59" is not allowed; at least 60'],
    [from({ env: { HEARTH_SNAPSHOT_PATH: 'here' } }), 'HEARTH_SNAPSHOT_PATH: "here" is not allowed; an absolute path'],
    [from({ argv: ['--drain-secs', '10'] }), '--drain-secs: "10" is not allowed; at most 9'],
    [from({ argv: ['--pool-size', '8', '--largest-pool', '4'] }), 'poolSize: 8 is not allowed; at most largestPool, which is 4'],
    [from({ argv: ['--ready-fd', 'x'] }), '--ready-fd: "x" is not allowed'],
    [from({ argv: ['--nonsense', 'x'] }), "Unknown option '--nonsense'"],
    [from({ argv: ['word'] }), 'word'],
  ])('refuse a wrong value, naming key, value and what is allowed (%#)', async (sources, message) => {
    await expect(loadConfig(sources)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(message) })
  })

  it.each([
    ['log: loud', /log in .*hearth\.yaml: "loud" is not allowed; one of/],
    ['nosuch: 1', /a key in .*hearth\.yaml: "nosuch" is not allowed; one of log, listen/],
    ['home: /elsewhere', /"home" is not allowed/],
    ['- a list', /must hold "name: value" lines/],
    ['log: [unclosed', /is not YAML/],
    ['a: &x [1]\nb: *x\n', /is not YAML/],
    ['listen: 80', /listen in .*: 80 is not allowed/],
  ])('refuse a file that says %j', async (text, message) => {
    await expect(withFile(text)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringMatching(message) })
  })

  it('never show or repeat the password of a database', async () => {
    const database = 'postgres://hearth:hush-hush@db.example:5432/state?sslpassword=hush-hush'
    const loaded = await loadConfig(from({ env: { HEARTH_DATABASE: database } }))
    expect(loaded.config.database).toBe(database)
    const shown = shownSettings(loaded).find((each) => each.name === 'database')
    expect(shown?.value).toBe('postgres://hearth:***@db.example:5432/state?sslpassword=***')
    for (const wrong of ['mysql://a:hush-hush@b/c', 'postgres://a:hush-hush@b:port/c', 'hush-hush']) {
      const refused = await loadConfig(from({ env: { HEARTH_DATABASE: wrong } })).catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('postgres://USER:PASSWORD') })
      expect(JSON.stringify(refused) + String(refused)).not.toContain('hush-hush')
    }
  })

  it('are all in docs/reference/config.md, with variable, flag and meaning', () => {
    const page = readFileSync(new URL('../../../../docs/reference/config.md', import.meta.url), 'utf8')
    const described = [...page.matchAll(/^### `([a-zA-Z]+)`/gm)].map((match) => match[1])
    expect(described).toEqual(Object.keys(settings))
    for (const { flag, env, about } of Object.values(settings)) {
      expect(page).toContain(`\`--${flag}\``)
      expect(page).toContain(`\`${env}\``)
      expect(page.replaceAll('\n', ' ')).toContain(about)
    }
  })
})
