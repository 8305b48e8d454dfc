import { driverError } from '@hearth/model'

/** What a kernel offers, from the two lists beside its modules. */
export interface ModuleCatalog {
  /** Module name to its file, relative to the modules folder. */
  readonly files: ReadonlyMap<string, string>
  /** Module name to the names it needs loaded before it. */
  readonly needs: ReadonlyMap<string, readonly string[]>
  readonly builtin: ReadonlySet<string>
}

/** A module that has to be loaded. */
export interface KernelModule {
  /** With `_`, as the kernel writes it. */
  readonly name: string
  /** Relative to the modules folder. */
  readonly file: string
}

/** What a guest needs before it can find its disks and its host. `vmgenid` is used where the kernel has it. */
export const guestModules = {
  required: ['virtio_pci', 'virtio_blk', 'virtio_console', 'virtio_net', 'virtio_rng', 'squashfs', 'overlay', 'ext4'],
  optional: ['vmgenid'],
} as const

/**
 * Reads `modules.dep` (each line `file: file file`, what it needs behind the colon) and `modules.builtin` (a file a line),
 * both as depmod writes them.
 */
export function moduleCatalog(modulesDep: string, modulesBuiltin: string): ModuleCatalog {
  const files = new Map<string, string>()
  const needs = new Map<string, readonly string[]>()
  for (const line of lines(modulesDep)) {
    const [file = '', needed = ''] = line.split(':')
    files.set(moduleName(file), file)
    needs.set(
      moduleName(file),
      needed
        .split(' ')
        .filter((path) => path !== '')
        .map(moduleName)
        // depmod lists what is needed first at the end.
        .reverse(),
    )
  }
  return { files, needs, builtin: new Set(lines(modulesBuiltin).map(moduleName)) }
}

/**
 * The modules to load for `required` and `optional`, each after what it needs. What is built into the kernel is left out.
 * @throws HearthError `driver_misconfigured` naming a required module that the kernel lacks
 */
export function resolveModules(
  catalog: ModuleCatalog,
  required: readonly string[],
  optional: readonly string[] = [],
): readonly KernelModule[] {
  const ordered = new Map<string, KernelModule>()
  const add = (name: string, wantedBy: readonly string[]) => {
    if (catalog.builtin.has(name) || ordered.has(name)) return
    const file = catalog.files.get(name)
    if (file === undefined || wantedBy.includes(name)) throw unknownModule(name, wantedBy)
    for (const needed of catalog.needs.get(name) ?? []) add(needed, [name, ...wantedBy])
    ordered.set(name, { name, file })
  }
  for (const name of required) add(name, [])
  for (const name of optional) if (catalog.files.has(name)) add(name, [])
  return [...ordered.values()]
}

function unknownModule(name: string, wantedBy: readonly string[]): Error {
  const chain = wantedBy.length === 0 ? '' : ` (needed by ${wantedBy.join(', which is needed by ')})`
  return driverError('Misconfigured', `the guest kernel has no module "${name}"${chain}, neither as a file nor built in`, {
    hint: 'Use a Debian 12 or 13 kernel: run the set-up again with "npm run setup".',
  })
}

/** `kernel/drivers/virtio/virtio-pci.ko.xz` is `virtio_pci`. */
function moduleName(file: string): string {
  return file
    .slice(file.lastIndexOf('/') + 1)
    .replace(/\.ko(\.(xz|zst|gz))?$/, '')
    .replaceAll('-', '_')
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
