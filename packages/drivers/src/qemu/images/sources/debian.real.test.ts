import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseImageSource, silentLog } from '@hearth/model'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { makeFakeAssets } from '../fake-assets.ts'
import { createImageBuilder, imageFiles } from '../image-builder.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-debian-'))
  await makeFakeAssets(join(folder, 'assets'))
})
afterEach(async () => {
  await rm(join(folder, 'image'), { recursive: true, force: true })
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('debian:', () => {
  it('is made with the packages asked for, without caches, and tells its steps', async () => {
    const steps: string[] = []
    const base = await build('debian:bookworm?include=python3-minimal', (step) => steps.push(step))
    const listed = execFileSync('unsquashfs', ['-lc', base], { encoding: 'utf8' }).split('\n')
    expect(listed).toContain('squashfs-root/usr/bin/python3.11')
    expect(listed).toContain('squashfs-root/etc/hosts')
    expect(listed.filter((path) => /\.deb$|lists\/.+Packages|99mmdebstrap|\.log$/.test(path))).toEqual([])
    expect(steps.filter((step) => step.startsWith('debian: ')).length).toBeGreaterThan(3)
    expect(steps.join('\n')).not.toContain(folder)
  })

  it('that is aborted leaves no file, no process and no mount', async () => {
    const controller = new AbortController()
    const building = build(
      'debian:bookworm',
      (step) => {
        if (step.includes('installing essential')) controller.abort(new Error('enough'))
      },
      controller.signal,
    )
    await expect(building).rejects.toThrow('enough')
    expect(existsSync(join(folder, 'image'))).toBe(false)
    expect(spawnSync('pgrep', ['--full', folder], { encoding: 'utf8' }).stdout).toBe('')
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(folder)
  })

  it('of a suite that does not exist is refused with what is allowed', async () => {
    await expect(build('debian:nosuchsuite')).rejects.toMatchObject({
      code: 'driver_misconfigured',
      message: 'the Debian mirror has no suite "nosuchsuite"',
      hint: expect.stringContaining('bookworm'),
    })
    expect(existsSync(join(folder, 'image'))).toBe(false)
  })
})

async function build(source: string, progress: (step: string) => void = () => undefined, signal?: AbortSignal): Promise<string> {
  const intoDirectory = join(folder, 'image')
  const builder = createImageBuilder({ assets: join(folder, 'assets'), log: silentLog })
  const resources = { vcpus: 1, memoryMiB: 128, diskMiB: 64 }
  await builder.build({ source: parseImageSource(source), resources, intoDirectory, progress, ...(signal && { signal }) })
  return join(intoDirectory, imageFiles.base)
}
