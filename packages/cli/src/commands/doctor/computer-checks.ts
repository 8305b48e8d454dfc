import { constants } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { type Check, missing, ok, warning } from './check.ts'
import { isPresent, type Requirements } from './requirements.ts'

/** What this computer is and what is installed on it. */
export async function computerChecks(
  requirements: Requirements,
  env: Readonly<Record<string, string | undefined>>,
  isCheckout: boolean,
): Promise<Check[]> {
  return [
    nodeCheck(requirements),
    await platformCheck(requirements),
    await kvmCheck(),
    ...packageChecks(requirements, env, isCheckout),
  ]
}

function nodeCheck({ node }: Requirements): Check {
  const found = process.versions.node
  if (!isOlder(found, node)) return ok('node', `${found} (${process.execPath})`)
  return missing('node', `${found} is older than ${node}`, 'npm run setup')
}

/** Compares `MAJOR.MINOR.PATCH`. */
function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0
}

async function platformCheck({ supported }: Requirements): Promise<Check> {
  const text = await readFile('/etc/os-release', 'utf8').catch((error: Error) => `PRETTY_NAME="${error.message}"`)
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? ''
  const isKnown = value('ID') === supported.id && Object.hasOwn(supported.versions, value('VERSION_ID'))
  const name = `${value('PRETTY_NAME') || process.platform} on ${process.arch}`
  if (process.platform === 'linux' && isKnown && process.arch === supported.machine) return ok('platform', name)
  return missing('platform', `${name} is not supported`, `Use ${supported.text}; a virtual machine with it will do.`)
}

/** Existence is not proof: the driver boots a probe guest for that. */
async function kvmCheck(): Promise<Check> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK)
    return ok('kvm', '/dev/kvm is there; the driver proves it with a guest')
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code !== 'ENOENT'
    const detail = isThere ? '/dev/kvm may not be opened by this user' : 'there is no /dev/kvm'
    const fix = isThere
      ? 'sudo adduser $USER kvm, then log in again'
      : 'Switch virtualisation on in the firmware, or nested virtualisation in the hypervisor.'
    return warning('kvm', `${detail}: machines run in software, ten times slower or more`, fix)
  }
}

function packageChecks(
  { packages }: Requirements,
  env: Readonly<Record<string, string | undefined>>,
  isCheckout: boolean,
): Check[] {
  const concerned = packages.filter((requirement) => requirement.for === 'run' || isCheckout)
  return concerned.map((requirement) => {
    const name = `package ${requirement.package}`
    if (isPresent(requirement, env.PATH ?? '')) return ok(name, requirement.why)
    const fix = `sudo apt-get install --no-install-recommends -y ${requirement.package}`
    return requirement.for === 'check' ? warning(name, requirement.why, fix) : missing(name, requirement.why, fix)
  })
}
