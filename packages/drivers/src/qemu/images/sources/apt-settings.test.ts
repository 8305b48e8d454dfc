import { describe, expect, it } from 'vitest'
import { mirrorArguments, parseAptSources } from './apt-settings.ts'

const listFile = `
# deb http://commented/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://mirror.example/debian bookworm main contrib
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian bookworm-updates main
deb http://security.example/debian-security bookworm-security main
deb cdrom:[Debian]/ bookworm main
`

const deb822File = `Types: deb deb-src
# a comment
URIs: http://mirror.example/debian/
Suites: trixie trixie-updates
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: trixie

Types: deb-src
URIs: http://src.example/debian
Suites: trixie
`

describe('the sources of a computer', () => {
  it('are read from lists', () => {
    expect(parseAptSources(listFile)).toEqual([
      { uri: 'http://mirror.example/debian', suite: 'bookworm' },
      { uri: 'http://mirror.example/debian', suite: 'bookworm-updates' },
      { uri: 'http://security.example/debian-security', suite: 'bookworm-security' },
    ])
  })

  it('are read from stanzas', () => {
    expect(parseAptSources(deb822File)).toEqual([
      { uri: 'http://mirror.example/debian/', suite: 'trixie' },
      { uri: 'http://mirror.example/debian/', suite: 'trixie-updates' },
    ])
  })

  it.each(['deb http://a;b/debian x main', 'deb file:/debian x main', 'deb http://a/$(id) x main', 'deb', ''])(
    'that are odd are left out: %j',
    (text) => {
      expect(parseAptSources(text)).toEqual([])
    },
  )
})

describe('the mirror of an image', () => {
  it('is the one of the computer, with the updates it lists for that suite', () => {
    expect(mirrorArguments(parseAptSources(listFile), 'bookworm')).toEqual([
      'deb http://mirror.example/debian bookworm main',
      'deb http://mirror.example/debian bookworm-updates main',
      'deb http://security.example/debian-security bookworm-security main',
    ])
    expect(mirrorArguments(parseAptSources(listFile), 'trixie')).toEqual(['deb http://mirror.example/debian trixie main'])
  })

  it('is left to mmdebstrap where it is Debian itself, or another system has none', () => {
    const debian = parseAptSources('deb http://deb.debian.org/debian bookworm main')
    expect(mirrorArguments(debian, 'bookworm')).toEqual([])
    expect(mirrorArguments(parseAptSources('deb http://archive.ubuntu.com/ubuntu jammy main'), 'bookworm')).toEqual([])
    expect(mirrorArguments([], 'bookworm')).toEqual([])
  })
})
