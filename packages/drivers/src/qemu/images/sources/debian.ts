import { chmod, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatImageSource, type ImageSource, parseImageSource } from '@hearth/model'
import { childFailure, withChild } from '../../../child/run.ts'
import { checkEntries } from '../tar/check-entries.ts'
import { isCutOff } from '../tar/damaged.ts'
import type { TarMember } from '../tar/entry.ts'
import { readTar } from '../tar/read-tar.ts'
import { hostAptSources, mirrorArguments, proxyOptions } from './apt-settings.ts'
import type { ContentOptions } from './content-options.ts'
import { debianFailure } from './debian-failure.ts'
import { tidyDebian } from './debian-tidy.ts'

type DebianSource = Extract<ImageSource, { kind: 'debian' }>

// A mirror that does not answer must not hold a build for minutes.
const aptOptions = ['Acquire::Retries "1"', 'Acquire::http::Timeout "15"', 'Acquire::https::Timeout "15"']
/**
 * As root, mmdebstrap mounts into the half-made tree. In namespaces of their own its mounts and processes end with it for certain,
 * also when it is killed. Not as root it makes such namespaces itself, and has files to remove that only it may.
 */
const ownNamespaces = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--']
const cleanUpMs = 10_000

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
  const isRoot = process.getuid?.() === 0
  // Not as root, a user of a namespace works there who cannot enter our folders.
  const temporary = await mkdtemp(join(isRoot ? work : tmpdir(), 'hearth-debian-'))
  await chmod(temporary, 0o755)
  const argv = [...(isRoot ? ownNamespaces : []), ...(await command(source, signal))]
  const startS = Math.floor((await stat(temporary)).mtimeMs / 1000)
  const onStderrLine = (line: string) => {
    const step = /^I: (.{1,200})$/.exec(line)?.[1]
    if (step !== undefined && !step.includes(temporary)) progress(`debian: ${step}`)
  }
  const options = { signal, graceMs: isRoot ? 0 : cleanUpMs, onStderrLine, env: { TMPDIR: temporary }, mirrorsChild: isCutOff }
  try {
    await withChild(argv, options, async ({ stdin, stdout }) => {
      stdin.end()
      await use(checkEntries(tidyDebian(readTar(stdout), startS)))
    })
  } catch (error) {
    const failure = childFailure(error)
    if (failure?.program !== argv[0]) throw error
    throw debianFailure(source.suite, failure?.stderr ?? '', error)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function command({ suite, include }: DebianSource, signal: AbortSignal | undefined): Promise<string[]> {
  const options = [...aptOptions, ...(await proxyOptions({ signal }))].map((option) => `--aptopt=${option}`)
  const packages = include.length === 0 ? [] : [`--include=${include.join(',')}`]
  const mirrors = mirrorArguments(await hostAptSources(), suite)
  // What is made is read once and thrown away: waiting for the disk would double the time.
  options.push('--dpkgopt=force-unsafe-io')
  return ['mmdebstrap', '--variant=minbase', '--format=tar', ...options, ...packages, '--', suite, '-', ...mirrors]
}
