import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { driverError, formatImageSource, type ImageSource, parseImageSource } from '@hearth/model'
import { type ChildFailure, childFailure, withChild } from '../../../child/run.ts'
import { checkEntries } from '../tar/check-entries.ts'
import { isCutOff } from '../tar/damaged.ts'
import type { TarMember } from '../tar/entry.ts'
import { readTar } from '../tar/read-tar.ts'
import type { ContentOptions } from './content-options.ts'
import { tidyDebian } from './debian-tidy.ts'

type DebianSource = Extract<ImageSource, { kind: 'debian' }>

// A mirror that does not answer must not hold a build for minutes.
const aptOptions = ['Acquire::Retries "1"', 'Acquire::http::Timeout "15"', 'Acquire::https::Timeout "15"']
// Long enough to unmount what is mounted in the half-made tree.
const graceMs = 10_000

/**
 * Runs `use` with the members of a minimal Debian made by mmdebstrap, as root or (in a user namespace) not.
 * @throws HearthError `driver_misconfigured` when the suite or a package does not exist, `driver_unavailable` when the mirror
 * cannot be reached
 */
export async function withDebian(
  source: DebianSource,
  { signal, work, progress }: ContentOptions,
  use: (members: AsyncIterable<TarMember>) => Promise<void>,
): Promise<void> {
  // Checked again here: what reaches apt's command line must never depend on who called.
  parseImageSource(formatImageSource(source))
  const temporary = join(work, 'debian')
  // In a user namespace another user than ours works in it.
  await mkdir(temporary, { mode: 0o755 })
  const argv = ['mmdebstrap', '--variant=minbase', '--format=tar', ...aptOptions.map((option) => `--aptopt=${option}`)]
  if (source.include.length > 0) argv.push(`--include=${source.include.join(',')}`)
  argv.push('--', source.suite, '-')
  const startS = Math.floor((await stat(temporary)).mtimeMs / 1000)
  const onStderrLine = (line: string) => {
    const step = /^I: (.{1,200})$/.exec(line)?.[1]
    if (step !== undefined && !step.includes(temporary)) progress(`debian: ${step}`)
  }
  const options = { signal, graceMs, onStderrLine, env: { TMPDIR: temporary }, mirrorsChild: isCutOff }
  try {
    await withChild(argv, options, async ({ stdin, stdout }) => {
      stdin.end()
      await use(checkEntries(tidyDebian(readTar(stdout), startS)))
    })
  } catch (error) {
    const failure = childFailure(error)
    throw failure?.program === 'mmdebstrap' ? explain(source, failure, error) : error
  }
}

function explain(source: DebianSource, { stderr }: ChildFailure, cause: unknown): Error {
  const missing =
    /Unable to locate package (\S+)/.exec(stderr)?.[1] ?? /Package '?([\w.+-]+)'? has no installation candidate/.exec(stderr)?.[1]
  if (missing !== undefined) {
    return driverError('Misconfigured', `Debian ${source.suite} has no package "${missing}"`, {
      hint: 'Allowed are the packages of its section "main"; search them at https://packages.debian.org.',
      cause,
    })
  }
  if (/does not have a Release file|404 +Not Found/.test(stderr) && !/Could not connect|Could not resolve/.test(stderr)) {
    return driverError('Misconfigured', `the Debian mirror has no suite "${source.suite}"`, {
      hint: 'Allowed are suites such as bookworm, trixie, stable or sid.',
      cause,
    })
  }
  const reason = reasons(stderr)
  if (/Could not connect|Could not resolve|Temporary failure|Failed to fetch|Unable to connect|timed out/i.test(stderr)) {
    return driverError('Unavailable', `the Debian mirror cannot be reached: ${reason}`, {
      hint: 'Check the network and /etc/apt/sources.list; builtin:base needs no mirror.',
      cause,
    })
  }
  return driverError('Misconfigured', `Debian ${source.suite} could not be made: ${reason}`, { cause })
}

/** What apt and mmdebstrap complained of, without what they say about themselves. */
function reasons(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim())
  const complaints = lines.filter(
    (line) => /^(E|Err:|W):?/.test(line) && !/mmdebstrap failed to run|apt-get .* failed$/.test(line),
  )
  return (complaints.length > 0 ? complaints : lines).slice(-3).join('; ')
}
