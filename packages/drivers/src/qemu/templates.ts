import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BuiltImage,
  type Cancellable,
  driverError,
  type ImageSource,
  messageOf,
  type Progress,
  type Resources,
  type TemplateRef,
} from '@hearth/model'
import { templateFiles } from './layout.ts'
import type { QemuParts } from './parts.ts'

/** Builds an image into the staging folder. */
export async function buildTemplate(
  parts: QemuParts,
  ref: TemplateRef,
  source: ImageSource,
  resources: Resources,
  options: Cancellable & { progress: Progress },
): Promise<BuiltImage> {
  const intoDirectory = parts.layout.staging(ref)
  await rm(intoDirectory, { recursive: true, force: true })
  await mkdir(parts.layout.stagingRoot, { recursive: true, mode: 0o700 })
  try {
    const image = await parts.images.build({ source, resources, intoDirectory, ...options })
    await writeFile(join(intoDirectory, templateFiles.image), JSON.stringify({ guestKernel: image.guestKernel }))
    return image
  } catch (error) {
    await rm(intoDirectory, { recursive: true, force: true })
    throw error
  }
}

/** Write-protects a staged image, writes its manifest, and renames it into place. */
export async function publishTemplate(parts: QemuParts, ref: TemplateRef, manifest: object): Promise<void> {
  const staging = parts.layout.staging(ref)
  try {
    await writeFile(join(staging, templateFiles.manifest), `${JSON.stringify(manifest, null, 2)}\n`)
    const files = (await readdir(staging)).map((name) => join(staging, name))
    // World-readable inside a folder that only we may enter: a VMM of another user opens them through descriptors.
    await Promise.all(files.map((file) => chmod(file, 0o444)))
    const launcher = await parts.launcher.client()
    await launcher.fsync([...files, staging])
    await rename(staging, parts.layout.template(ref))
    await launcher.fsync([parts.layout.templates])
  } catch (error) {
    throw driverError('Unavailable', `template ${ref} could not be published: ${messageOf(error)}`, { cause: error })
  }
}

export async function removeTemplate(parts: QemuParts, ref: TemplateRef): Promise<void> {
  await rm(parts.layout.staging(ref), { recursive: true, force: true })
  await rm(parts.layout.template(ref), { recursive: true, force: true })
}
