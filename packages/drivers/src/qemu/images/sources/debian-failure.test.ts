import { describe, expect, it } from 'vitest'
import { debianFailure } from './debian-failure.ts'

const ending = [
  'E: apt-get update --error-on=any -oAPT::Status-Fd=<$fd> -oDpkg::Use-Pty=false failed',
  'I: main() received signal PIPE: waiting for setup...',
  'I: removing tempdir /tmp/mmdebstrap.nk3UkH9xCN...',
  'E: mmdebstrap failed to run',
].join('\n')

describe('what a bad end of mmdebstrap means', () => {
  it('names the suite that the mirror does not have', () => {
    const said = `Err:2 http://deb.debian.org/debian nosuch Release
  404  Not Found [IP: 203.0.113.80 80]
Reading package lists...
E: The repository 'http://deb.debian.org/debian nosuch Release' does not have a Release file.
${ending}`
    expect(debianFailure('nosuch', said, undefined)).toMatchObject({
      code: 'driver_misconfigured',
      message: 'the Debian mirror has no suite "nosuch"',
      hint: expect.stringContaining('bookworm'),
    })
  })

  it('names the package that does not exist', () => {
    const said = `Building dependency tree...
E: Unable to locate package no-such-package
E: setup failed: E: apt-get -o Dir::Bin::dpkg=env --yes install no-such-package python3-minimal failed
${ending}`
    expect(debianFailure('bookworm', said, undefined)).toMatchObject({
      code: 'driver_misconfigured',
      message: 'Debian bookworm has no package "no-such-package"',
    })
  })

  it.each([
    ["  Could not resolve 'nosuch.invalid'", 'Could not resolve'],
    ['  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)', 'Connection refused'],
    ['  Could not connect to 10.255.255.1:80 (10.255.255.1), connection timed out', 'timed out'],
  ])('says why the mirror cannot be reached: %s', (line, reason) => {
    const said = `Err:1 http://mirror/debian bookworm InRelease
${line}
E: Failed to fetch http://mirror/debian/dists/bookworm/InRelease${line}
E: Some index files failed to download. They have been ignored, or old ones used instead.
${ending}`
    expect(debianFailure('bookworm', said, undefined)).toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringMatching(new RegExp(`^the Debian mirror cannot be reached: .*${reason}`)),
    })
  })

  it.each([
    'E: unable to pick chroot mode automatically (use --mode for manual selection)',
    'unshare: unshare failed: Operation not permitted',
  ])('says what a user without the right to install needs: %s', (said) => {
    expect(debianFailure('bookworm', said, undefined)).toMatchObject({
      code: 'driver_unavailable',
      message: `Debian cannot be installed by this user: ${said}`,
      hint: expect.stringContaining('/etc/subuid'),
    })
  })

  it('gives the words of the program for what it does not know', () => {
    const error = debianFailure('bookworm', `E: something odd\n${ending}`, undefined)
    expect(error).toMatchObject({ code: 'driver_misconfigured', message: 'Debian bookworm could not be made: E: something odd' })
  })
})
