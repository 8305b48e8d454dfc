import { existsSync, readFileSync } from 'node:fs'
import { SetupError } from './say.mjs'

/**
 * @typedef {{ id: string, versions: Record<string, string>, machine: string, text: string }} Supported
 */

/**
 * Refuses computers that Hearth was never tried on, with what is unsupported.
 * @param {Supported} supported
 * @param {{ platform: string, machine: string, osRelease: string }} [here]
 */
export function checkPlatform(supported, here = thisComputer()) {
  const release = parseOsRelease(here.osRelease)
  const known = release.ID === supported.id && Object.hasOwn(supported.versions, release.VERSION_ID ?? '')
  if (here.platform === 'linux' && known && here.machine === supported.machine) return
  const name = here.platform === 'linux' ? (release.PRETTY_NAME ?? 'an unknown Linux') : here.platform
  throw new SetupError(
    `this computer runs ${name} on ${here.machine}, which is not supported`,
    `Hearth runs on ${supported.text}. A virtual machine with Debian will do, also without /dev/kvm.`,
  )
}

function thisComputer() {
  const path = '/etc/os-release'
  return { platform: process.platform, machine: process.arch, osRelease: existsSync(path) ? readFileSync(path, 'utf8') : '' }
}

/**
 * The `KEY=value` lines of os-release(5), with quotes taken off.
 * @param {string} text
 * @returns {Record<string, string>}
 */
function parseOsRelease(text) {
  const pairs = text.split('\n').flatMap((line) => {
    const match = /^([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(.*))$/.exec(line)
    return match ? [[match[1], match[2] ?? match[3] ?? match[4]]] : []
  })
  return Object.fromEntries(pairs)
}
