import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { driverError } from '@hearth/model'
import { ifThere } from './if-there.ts'
import { kernelRelease } from './kernel.ts'
import { guestModules, type KernelModule, moduleCatalog, resolveModules } from './modules.ts'

/** What the set-up made: the parts that every image shares. */
export interface Assets {
  /** A bzImage. */
  readonly kernel: Buffer
  readonly kernelRelease: string
  /** The folder that the files of `modules` are relative to. */
  readonly modulesFolder: string
  /** In load order. */
  readonly modules: readonly KernelModule[]
  readonly agent: Buffer
}

/**
 * Reads `<folder>/kernel/{vmlinuz,modules/}` and `<folder>/guest/hearth-guest`. `modules/` is what `/lib/modules/RELEASE` would be,
 * or holds it below `lib/modules` or `usr/lib/modules`.
 * @throws HearthError `driver_unavailable` when the set-up was not run, `driver_misconfigured` when kernel and modules do not fit
 */
export async function readAssets(folder: string): Promise<Assets> {
  const [kernel, agent] = await Promise.all([
    readAsset(join(folder, 'kernel/vmlinuz')),
    readAsset(join(folder, 'guest/hearth-guest')),
  ])
  const release = kernelRelease(kernel)
  const modulesFolder = await findModules(join(folder, 'kernel/modules'), release)
  const [dep, builtin] = await Promise.all([
    readAsset(join(modulesFolder, 'modules.dep')),
    readAsset(join(modulesFolder, 'modules.builtin')),
  ])
  const catalog = moduleCatalog(dep.toString('utf8'), builtin.toString('utf8'))
  const modules = resolveModules(catalog, guestModules.required, guestModules.optional)
  return { kernel, kernelRelease: release, modulesFolder, modules, agent }
}

/** SHA-256 over what the assets put into every image; part of each source's digest. */
export function assetsDigest(assets: Assets): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([assets.kernelRelease, assets.modules.map(({ name }) => name)]))
  return hash.update(assets.agent).digest('hex')
}

async function findModules(top: string, release: string): Promise<string> {
  const places = [top, join(top, 'lib/modules', release), join(top, 'usr/lib/modules', release)]
  for (const place of places) {
    if ((await ifThere(readFile(join(place, 'modules.builtin')))) !== undefined) return place
  }
  throw driverError('Misconfigured', `no modules of the kernel ${release} below ${top}`, { hint: setupHint })
}

async function readAsset(path: string): Promise<Buffer> {
  const content = await ifThere(readFile(path))
  if (content === undefined) throw driverError('Unavailable', `${path} does not exist`, { hint: setupHint })
  return content
}

const setupHint = 'Run the set-up: "npm run setup".'
