import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Artifact, ImageSource, Log, Progress, Resources } from '@hearth/model'
import type { RunOptions } from '../../child/run.ts'
import { artifactOf } from './artifact.ts'
import { type Assets, assetsDigest, readAssets } from './assets.ts'
import { diskFullIsTold } from './disk-full.ts'
import { initramfs } from './initramfs.ts'
import { stubInitrd, stubKernel } from './kernel.ts'
import { makeOverlay, makeScratchDisk } from './scratch-disk.ts'
import { sourceDigest, withContent } from './sources/source.ts'
import { makeSquashfs } from './squashfs.ts'

/** Raised when the same source comes to other bytes, so that nothing older is taken from a cache. */
const builderVersion = 1

/** The files of an image, by what they are for. */
export const imageFiles = {
  kernel: 'kernel',
  initramfs: 'initramfs',
  /** What clones are started with: their memory holds the real ones already. */
  stubKernel: 'stub-kernel',
  stubInitrd: 'stub-initrd',
  /** Read-only root file system, first disk. */
  base: 'rootfs.squashfs',
  /** Blank ext4, under every machine's own overlay, second disk. */
  scratch: 'scratch.raw',
  /** Empty qcow2 as large as `scratch`, copied for each machine. */
  overlay: 'overlay.qcow2',
} as const

export interface ImageBuilderOptions {
  /** Folder with what the set-up made: `kernel/` and `guest/`. */
  readonly assets: string
  readonly log: Log
}

export interface ImageBuild {
  readonly source: ImageSource
  readonly resources: Resources
  /** Made by the build; its parent exists. */
  readonly intoDirectory: string
  readonly progress: Progress
  readonly signal?: AbortSignal
}

export interface ImageBuilder {
  /**
   * SHA-256 (hex) over what decides the content of an image, without building it.
   * @throws HearthError `driver_misconfigured` when the source does not exist
   */
  sourceDigest(source: ImageSource, options?: { readonly signal?: AbortSignal }): Promise<string>
  /**
   * Makes the files of an image in a fresh directory, readable and not writable. What fails or is aborted leaves nothing.
   * @throws HearthError `driver_misconfigured` (the source is wrong), `driver_unavailable` (a mirror, a program or disk space is
   * missing); the signal's reason when aborted
   */
  build(build: ImageBuild): Promise<{ readonly artifacts: readonly Artifact[]; readonly guestKernel: string }>
}

/** Turns image sources into the files that QEMU machines boot from. */
export function createImageBuilder({ assets: assetsFolder, log }: ImageBuilderOptions): ImageBuilder {
  return {
    async sourceDigest(source, { signal } = {}) {
      const assets = await readAssets(assetsFolder)
      return await sourceDigest(source, { builderVersion, assets: assetsDigest(assets) }, { signal })
    },
    async build({ source, resources, intoDirectory, progress, signal }) {
      signal?.throwIfAborted()
      const assets = await readAssets(assetsFolder)
      await mkdir(intoDirectory, { mode: 0o700 })
      try {
        return await diskFullIsTold(intoDirectory, () =>
          write({ source, resources, intoDirectory, progress }, assets, { signal }),
        )
      } catch (error) {
        await rm(intoDirectory, { recursive: true, force: true })
        log.info('image.build_failed', { source: source.kind })
        throw error
      }
    },
  }
}

async function write(
  { source, resources, intoDirectory, progress }: Omit<ImageBuild, 'signal'>,
  assets: Assets,
  options: RunOptions,
): Promise<{ artifacts: readonly Artifact[]; guestKernel: string }> {
  const path = (name: string) => join(intoDirectory, name)
  const work = path('.work')
  await mkdir(work, { mode: 0o700 })
  progress('writing kernel and initial RAM disk')
  await writeFile(path(imageFiles.kernel), assets.kernel)
  await writeFile(path(imageFiles.initramfs), await initramfs(assets, options))
  await writeFile(path(imageFiles.stubKernel), stubKernel(assets.kernel))
  await writeFile(path(imageFiles.stubInitrd), stubInitrd)
  progress('making the root file system')
  await withContent(source, { work, progress, signal: options.signal }, (members) =>
    makeSquashfs(path(imageFiles.base), members, options),
  )
  progress('making the scratch disk')
  await makeScratchDisk(path(imageFiles.scratch), resources.diskMiB, options)
  await makeOverlay(path(imageFiles.overlay), resources.diskMiB, options)
  await rm(work, { recursive: true })
  progress('computing digests')
  const artifacts: Artifact[] = []
  for (const name of Object.values(imageFiles)) artifacts.push(await artifactOf(intoDirectory, name, options.signal))
  return { artifacts, guestKernel: assets.kernelRelease }
}
