import { type InjectedFile, invalidInput, limits, type Resources, resourceLimits } from '@hearth/model'

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/
const hostnameLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i
const labelKey = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,62})$/
const longestPath = 4096

/** `NAME=VALUE` pairs as a guest takes them. @throws HearthError `invalid_input` */
export function checkEnv(env: Readonly<Record<string, string>>, field: string): Readonly<Record<string, string>> {
  const entries = Object.entries(env)
  if (entries.length > limits.envEntries) throw invalidInput(field, `${entries.length} variables`, `at most ${limits.envEntries}`)
  let bytes = 0
  for (const [name, value] of entries) {
    if (!variableName.test(name))
      throw invalidInput(field, name, 'a name has letters, digits and "_" and does not begin with a digit')
    // The value itself may be a secret, so the error does not show it.
    if (typeof value !== 'string' || value.includes('\0'))
      throw invalidInput(`${field}.${name}`, typeof value, 'text without NUL')
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 2
  }
  if (bytes > limits.envBytes) throw invalidInput(field, `${bytes} bytes`, `at most ${limits.envBytes} bytes in all`)
  return { ...env }
}

/** @throws HearthError `invalid_input` */
export function checkLabels(labels: Readonly<Record<string, string>>, field = 'labels'): Readonly<Record<string, string>> {
  const entries = Object.entries(labels)
  if (entries.length > limits.labels) throw invalidInput(field, `${entries.length} labels`, `at most ${limits.labels}`)
  for (const [key, value] of entries) {
    if (!labelKey.test(key))
      throw invalidInput(field, key, 'a key is 1 to 63 of letters, digits, ".", "_", "/", "-", beginning with a letter or digit')
    if (typeof value !== 'string' || Buffer.byteLength(value) > limits.labelBytes) {
      throw invalidInput(`${field}.${key}`, value, `a value is text of at most ${limits.labelBytes} bytes`)
    }
  }
  return { ...labels }
}

/** RFC 1123: labels of letters, digits and "-", joined by ".". @throws HearthError `invalid_input` */
export function checkHostname(hostname: string, field = 'hostname'): string {
  const fits = hostname.length <= limits.hostnameLength && hostname.split('.').every((label) => hostnameLabel.test(label))
  if (!fits) {
    throw invalidInput(
      field,
      hostname,
      `at most ${limits.hostnameLength} of letters, digits and "-" in parts joined by "." (RFC 1123)`,
    )
  }
  return hostname
}

/** Files go to the guest in one message, so their bytes are bounded together. @throws HearthError `invalid_input` */
export function checkFiles(files: readonly InjectedFile[], field = 'files'): readonly InjectedFile[] {
  if (files.length > limits.injectedFiles) throw invalidInput(field, `${files.length} files`, `at most ${limits.injectedFiles}`)
  let bytes = 0
  for (const [index, file] of files.entries()) {
    checkGuestPath(file.path, `${field}[${index}].path`)
    if (!Number.isInteger(file.mode) || file.mode < 0 || file.mode > 0o7777) {
      throw invalidInput(`${field}[${index}].mode`, file.mode, 'permission bits from 0 to 07777')
    }
    bytes += file.content.byteLength
  }
  if (bytes > limits.injectedFileBytes)
    throw invalidInput(field, `${bytes} bytes`, `at most ${limits.injectedFileBytes} bytes in all`)
  return files
}

/** An absolute path of the guest, without `..`. @throws HearthError `invalid_input` */
export function checkGuestPath(path: string, field: string): string {
  const fits = path.startsWith('/') && !path.includes('\0') && Buffer.byteLength(path) <= longestPath
  if (!fits || path.split('/').includes('..')) {
    throw invalidInput(field, path, `an absolute path without NUL and "..", at most ${longestPath} bytes`)
  }
  return path
}

/** A program and its arguments. @throws HearthError `invalid_input` */
export function checkArgv(argv: readonly string[], field: string): readonly string[] {
  if (argv.length === 0 || argv[0] === '') throw invalidInput(field, argv.join(' '), 'a program and its arguments')
  let bytes = 0
  for (const word of argv) {
    if (typeof word !== 'string' || word.includes('\0')) throw invalidInput(field, word, 'words without NUL')
    bytes += Buffer.byteLength(word) + 1
  }
  if (bytes > limits.argvBytes) throw invalidInput(field, `${bytes} bytes`, `at most ${limits.argvBytes} bytes in all`)
  return [...argv]
}

/** Fills in `defaults` and checks the range of each. @throws HearthError `invalid_input` */
export function checkResources(asked: Partial<Resources>, defaults: Resources, field = 'resources'): Resources {
  return {
    vcpus: whole(asked.vcpus ?? defaults.vcpus, resourceLimits.vcpus, `${field}.vcpus`),
    memoryMiB: whole(asked.memoryMiB ?? defaults.memoryMiB, resourceLimits.memoryMiB, `${field}.memoryMiB`),
    diskMiB: whole(asked.diskMiB ?? defaults.diskMiB, resourceLimits.diskMiB, `${field}.diskMiB`),
  }
}

export const defaultResources: Resources = {
  vcpus: resourceLimits.vcpus.default,
  memoryMiB: resourceLimits.memoryMiB.default,
  diskMiB: resourceLimits.diskMiB.default,
}

/** A whole number within a range. @throws HearthError `invalid_input` */
export function whole(value: number, range: { readonly min: number; readonly max: number }, field: string): number {
  if (!Number.isInteger(value) || value < range.min || value > range.max) {
    throw invalidInput(field, value, `a whole number from ${range.min} to ${range.max}`)
  }
  return value
}

/** One of a closed list. @throws HearthError `invalid_input` */
export function oneOf<T extends string>(value: string, allowed: readonly T[], field: string): T {
  const found = allowed.find((each) => each === value)
  if (found === undefined) throw invalidInput(field, value, `one of ${allowed.join(', ')}`)
  return found
}
