import { driverError } from '@hearth/model'

/** What a bad end of mmdebstrap means, told from the end of what it wrote. */
export function debianFailure(suite: string, stderr: string, cause: unknown): Error {
  const missing =
    /Unable to locate package (\S+)/.exec(stderr)?.[1] ?? /Package '?([\w.+-]+)'? has no installation candidate/.exec(stderr)?.[1]
  if (missing !== undefined) {
    return driverError('Misconfigured', `Debian ${suite} has no package "${missing}"`, {
      hint: 'Allowed are the packages of its section "main"; search them at https://packages.debian.org.',
      cause,
    })
  }
  if (/does not have a Release file|404 +Not Found/.test(stderr) && !/Could not connect|Could not resolve/.test(stderr)) {
    return driverError('Misconfigured', `the Debian mirror has no suite "${suite}"`, {
      hint: 'Allowed are suites such as bookworm, trixie, stable or sid.',
      cause,
    })
  }
  const reason = reasons(stderr)
  if (/unable to pick chroot mode|newuidmap|newgidmap|subuid|unshare\S* failed|Operation not permitted/.test(stderr)) {
    return driverError('Unavailable', `Debian cannot be installed by this user: ${reason}`, {
      hint: 'Install "uidmap" and give the user a range in /etc/subuid and /etc/subgid, or run Hearth as root; tar: and dir: need neither.',
      cause,
    })
  }
  if (/Could not connect|Could not resolve|Temporary failure|Failed to fetch|Unable to connect|timed out/i.test(stderr)) {
    return driverError('Unavailable', `the Debian mirror cannot be reached: ${reason}`, {
      hint: 'Check the network and /etc/apt/sources.list; builtin:base needs no mirror.',
      cause,
    })
  }
  return driverError('Misconfigured', `Debian ${suite} could not be made: ${reason}`, { cause })
}

/** What apt and mmdebstrap complained of, without what they say about themselves. */
function reasons(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim())
  const complaints = lines.filter(
    (line) => /^(E|Err:|W|unshare):?/.test(line) && !/mmdebstrap failed to run|apt-get .* failed$/.test(line),
  )
  return (complaints.length > 0 ? complaints : lines).slice(-3).join('; ')
}
