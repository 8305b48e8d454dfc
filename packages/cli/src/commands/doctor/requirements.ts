import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** A Debian package; the set-up reads the same list. */
export interface Requirement {
  readonly package: string
  /** `build`: only a checkout needs it. `check`: only its tests do. */
  readonly for: 'run' | 'build' | 'check'
  /** Programs it provides. */
  readonly commands?: readonly string[]
  /** Absolute paths it provides. */
  readonly files?: readonly string[]
  readonly why: string
}

export interface Requirements {
  /** The oldest Node. */
  readonly node: string
  readonly supported: {
    readonly id: string
    readonly versions: Readonly<Record<string, string>>
    readonly machine: string
    readonly text: string
  }
  readonly packages: readonly Requirement[]
}

/** Where Debian puts programs; a user's PATH often lacks the sbin folders. */
const usualFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin']

/** The list that comes with this package. */
export async function readRequirements(): Promise<Requirements> {
  return JSON.parse(await readFile(new URL('../../../requirements.json', import.meta.url), 'utf8')) as Requirements
}

/** Whether all that a package provides is there. Looks at files only, so it is quick and needs no dpkg. */
export function isPresent({ commands = [], files = [] }: Requirement, path: string): boolean {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), ...usualFolders]
  const isCommand = (name: string) => folders.some((folder) => existsSync(join(folder, name)))
  return commands.every(isCommand) && files.every((file) => existsSync(file))
}
