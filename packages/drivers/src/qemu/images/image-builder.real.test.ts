import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ImageSource, parseImageSource, silentLog } from '@hearth/model'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeFakeAssets } from './fake-assets.ts'
import { createImageBuilder, type ImageBuild, imageFiles } from './image-builder.ts'

const isRoot = process.getuid?.() === 0
let top: string
let folder: string
let count = 0

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'hearth-images-'))
  await makeFakeAssets(join(top, 'assets'))
})
beforeEach(async () => {
  count += 1
  folder = join(top, String(count))
  await mkdir(folder)
})
afterAll(async () => {
  await rm(top, { recursive: true, force: true })
})

describe('builtin:base', () => {
  it('is built in seconds, write-protected, with the digests of its files', async () => {
    const built = await build('builtin:base', 'image')
    expect(built.guestKernel).toBe('6.1.0-0-fake')
    expect(built.artifacts.map(({ name }) => name)).toEqual(Object.values(imageFiles))
    expect((await readdir(join(folder, 'image'))).sort()).toEqual(Object.values(imageFiles).sort())
    for (const { name, sizeBytes, sha256 } of built.artifacts) {
      const content = await readFile(join(folder, 'image', name))
      expect([name, content.length, createHash('sha256').update(content).digest('hex')]).toEqual([name, sizeBytes, sha256])
      expect((await stat(join(folder, 'image', name))).mode & 0o777).toBe(0o444)
    }
  })

  it('holds busybox under all its names, users and mount points', async () => {
    await build('builtin:base', 'image')
    const listed = listing('image')
    expect(listed).toContain('drwxrwxrwt 0/0 /tmp')
    expect(listed).toContain('drwxr-xr-x 1000/1000 /home/user')
    expect(listed).toContain('-rwxr-xr-x 0/0 /bin/busybox')
    expect(listed).toContain('lrwxrwxrwx 0/0 /bin/sh -> /bin/busybox')
    expect(listed).toContain('drwxr-xr-x 0/0 /')
    const unpacked = join(folder, 'root')
    execFileSync('unsquashfs', ['-quiet', '-no-progress', '-dest', unpacked, join(folder, 'image', imageFiles.base)])
    const said = execFileSync(join(unpacked, 'bin/busybox'), ['echo', 'hello'], { encoding: 'utf8' })
    expect(said).toBe('hello\n')
  })

  it('comes to the same bytes each time, and to the same digest of its source', async () => {
    const [first, second] = [await build('builtin:base', 'one'), await build('builtin:base', 'two')]
    expect(second).toEqual(first)
    expect(await digest('builtin:base')).toBe(await digest('builtin:base'))
    expect(await digest('builtin:base')).toMatch(/^[0-9a-f]{64}$/)
  })

  it('has a scratch disk that is a sound file system of the size asked for, below the overlay', async () => {
    await build('builtin:base', 'image', { diskMiB: 300 })
    const overlay = join(folder, 'overlay.qcow2')
    const whole = join(folder, 'whole.raw')
    execFileSync('cp', [join(folder, 'image', imageFiles.overlay), overlay])
    await chmod(overlay, 0o600)
    execFileSync('qemu-img', ['rebase', '-u', '-F', 'raw', '-b', join(folder, 'image', imageFiles.scratch), overlay])
    execFileSync('qemu-img', ['convert', '-O', 'raw', overlay, whole])
    expect((await stat(whole)).size).toBe(300 * 1024 * 1024)
    expect(execFileSync('e2fsck', ['-f', '-n', whole], { encoding: 'utf8' })).toMatch(/: 11\/\d+ files .*, \d+\/76800 blocks/)
    const groups = execFileSync('dumpe2fs', [whole], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    expect(groups.match(/^Group \d+/gm)?.length).toBe(groups.match(/ITABLE_ZEROED/g)?.length)
    expect((await stat(join(folder, 'image', imageFiles.scratch))).blocks * 512).toBeLessThan(512 * 1024)
  })
})

describe('tar:', () => {
  it('keeps owners, modes, links, devices, times and attributes, however the archive is packed', async () => {
    const digests: string[] = []
    const archive = await makeArchive()
    for (const [program, name] of [
      ['gzip', 'a.gz'],
      ['zstd', 'a.zst'],
      ['xz', 'a.xz'],
      ['cat', 'a'],
    ] as const) {
      await writeFile(join(folder, name), execFileSync(program, ['-c', archive].slice(program === 'cat' ? 1 : 0)))
      const { artifacts } = await build(`tar:${join(folder, name)}`, `image-${name}`)
      digests.push(artifacts.find((artifact) => artifact.name === imageFiles.base)?.sha256 ?? '')
    }
    expect(new Set(digests).size).toBe(1)
    const listed = listing('image-a')
    expect(listed).toContain('drwx------ 0/0 /private')
    expect(listed).toContain('-rwsr-xr-x 70000/12 /private/tool')
    expect(listed).toContain('-rwsr-xr-x 70000/12 /private/same')
    expect(listed).toContain('lrwxrwxrwx 0/0 /way -> ../../etc/shadow')
    expect(listed).toContain('crw-rw-rw- 0/0 /null')
    const unpacked = join(folder, 'unpacked')
    execFileSync('unsquashfs', [
      '-quiet',
      '-no-progress',
      '-user-xattrs',
      '-dest',
      unpacked,
      join(folder, 'image-a', imageFiles.base),
      'private/tool',
    ])
    const attribute = 'import os,sys; print(os.getxattr(sys.argv[1], "user.colour").decode(), int(os.stat(sys.argv[1]).st_mtime))'
    expect(execFileSync('python3', ['-c', attribute, join(unpacked, 'private/tool')], { encoding: 'utf8' })).toBe(
      'dark red 1700000000\n',
    )
  })

  it('is told by its content: a change of one byte is another source', async () => {
    const archive = await makeArchive()
    const before = await digest(`tar:${archive}`)
    const bytes = await readFile(archive)
    bytes[bytes.length - 1] = 1
    await writeFile(archive, bytes)
    expect(await digest(`tar:${archive}`)).not.toBe(before)
  })

  it.each([
    ['is not there', async () => 'missing.tar', 'no such file'],
    ['is a directory', async () => '.', 'is no file'],
    [
      'is a FIFO',
      async () => {
        execFileSync('mkfifo', [join(folder, 'fifo')])
        return 'fifo'
      },
      'is no file',
    ],
    ['is empty', async () => await file('empty', Buffer.alloc(0)), 'is no tar archive; allowed: tar, plain or packed with gzip'],
    ['is something else', async () => await file('text', Buffer.from('hello')), 'is no tar archive'],
    ['is packed with bzip2', async () => await file('a.bz2', Buffer.from('BZh91AY')), 'is packed with bzip2'],
    [
      'is cut off',
      async () => await file('cut', (await readFile(await makeArchive())).subarray(0, 3000)),
      'the archive is cut off at',
    ],
    [
      'is packed and cut off',
      async () => await file('cut.gz', execFileSync('gzip', ['-c', await makeArchive()]).subarray(0, 100)),
      'cannot be unpacked: ',
    ],
    [
      'is packed rubbish',
      async () => await file('bad.xz', Buffer.concat([Buffer.from('fd377a585a00', 'hex'), Buffer.alloc(90)])),
      'cannot be unpacked: ',
    ],
    ['escapes', async () => await hostile('../../escape'), '"../../escape" is refused: its path holds ".."'],
    ['is an image archive', async () => await hostile('oci-layout'), 'an archive of a container image'],
  ])('that %s is refused with the reason, and leaves nothing', async (_, make, message) => {
    const path = await make()
    await expect(build(`tar:${join(folder, path)}`, 'image')).rejects.toMatchObject({
      code: 'driver_misconfigured',
      message: expect.stringMatching(new RegExp(message, 'i')),
    })
    expect(existsSync(join(folder, 'image'))).toBe(false)
    expect(await remains(folder)).toEqual([])
  })
})

describe('dir:', () => {
  it('keeps what lies in it; links stay links, sockets are left out', async () => {
    const source = await makeTree('tree')
    await build(`dir:${source}`, 'image')
    const listed = listing('image')
    expect(listed).toContain('-rw-r----- 0/0 /etc/secret')
    expect(listed).toContain('lrwxrwxrwx 0/0 /etc/link -> /etc/shadow')
    expect(listed.filter((line) => line.includes('socket'))).toEqual([])
    if (isRoot) expect(listed).toContain('-rwxr-xr-x 1234/55 /tool')
  })

  it('has the digest of its content: a copy has the same, any change another', async () => {
    const [one, two] = [await makeTree('one'), await makeTree('two')]
    await utimes(join(two, 'etc/secret'), 5, 5)
    const first = await digest(`dir:${one}`)
    expect(await digest(`dir:${two}`)).toBe(first)
    const changes = [
      () => chmod(join(two, 'tool'), 0o700),
      () => writeFile(join(two, 'etc/secret'), 'other'),
      () => link(join(two, 'tool'), join(two, 'again')),
      () => rm(join(two, 'etc/link')),
    ]
    const digests = new Set([first])
    for (const change of changes) {
      await change()
      digests.add(await digest(`dir:${two}`))
    }
    expect(digests.size).toBe(1 + changes.length)
  })

  it('must be a directory, and not the root of the host', async () => {
    await symlink('/', join(folder, 'root'))
    await writeFile(join(folder, 'file'), '')
    for (const [name, message] of [
      ['root', 'is the root of the host'],
      ['file', 'is no directory'],
      ['none', 'no such file'],
    ] as const) {
      await expect(build(`dir:${join(folder, name)}`, 'image')).rejects.toMatchObject({
        code: 'driver_misconfigured',
        message: expect.stringContaining(message),
      })
    }
    expect(existsSync(join(folder, 'image'))).toBe(false)
  })
})

describe('a build', () => {
  it('into a directory that is there already touches nothing', async () => {
    await mkdir(join(folder, 'image'))
    await writeFile(join(folder, 'image', 'mine'), 'mine')
    await expect(build('builtin:base', 'image')).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await readdir(join(folder, 'image'))).toEqual(['mine'])
  })

  it('without the set-up says what to do', async () => {
    const builder = createImageBuilder({ assets: join(folder, 'nothing'), log: silentLog })
    await expect(builder.sourceDigest({ kind: 'builtin', name: 'base' })).rejects.toMatchObject({
      code: 'driver_unavailable',
      hint: 'Run the set-up: "npm run setup".',
    })
  })

  it('that is aborted at any of its steps leaves nothing and no process', async () => {
    const source = await makeTree('tree')
    await writeFile(join(source, 'large'), Buffer.alloc(30_000_000, 'x'))
    for (const at of [0, 1, 2]) {
      const controller = new AbortController()
      let step = 0
      const progress = () => {
        if (step++ === at) setImmediate(() => controller.abort(new Error('enough')))
      }
      const building = build(`dir:${source}`, 'image', { progress, signal: controller.signal })
      await expect(building).rejects.toThrow('enough')
      expect(existsSync(join(folder, 'image'))).toBe(false)
      expect(await remains(folder)).toEqual([])
    }
  })

  it.skipIf(!isRoot)('on a full disk says so and leaves nothing', async () => {
    const source = await makeTree('tree')
    await writeFile(join(source, 'large'), Buffer.alloc(3_000_000, 'x'))
    for (const sizeKiB of [8, 1024, 3000, 3100]) {
      const disk = join(folder, `disk-${sizeKiB}`)
      await mkdir(disk)
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKiB}k`, 'tmpfs', disk])
      try {
        await expect(build(`dir:${source}`, `disk-${sizeKiB}/image`)).rejects.toMatchObject({
          code: 'driver_unavailable',
          message: expect.stringContaining('the disk is full'),
        })
        expect(await readdir(disk)).toEqual([])
      } finally {
        execFileSync('umount', [disk])
      }
    }
    expect(await remains(folder)).toEqual([])
  })
})

function builder() {
  return createImageBuilder({ assets: join(top, 'assets'), log: silentLog })
}

async function build(source: string, into: string, more: Partial<ImageBuild> & { diskMiB?: number } = {}) {
  const { diskMiB = 64, ...options } = more
  return await builder().build({
    source: parseImageSource(source) as ImageSource,
    resources: { vcpus: 1, memoryMiB: 128, diskMiB },
    intoDirectory: join(folder, into),
    progress: () => undefined,
    ...options,
  })
}

async function digest(source: string): Promise<string> {
  return await builder().sourceDigest(parseImageSource(source))
}

/** `mode owner/group path` of everything in the base of an image. */
function listing(image: string): string[] {
  const listed = execFileSync('unsquashfs', ['-lln', '-dest', '', join(folder, image, imageFiles.base)], { encoding: 'utf8' })
  return listed
    .split('\n')
    .map((line) => /^(\S+ \S+) +(?:\d+, *)?\d+ \S+ \S+ (.*)$/.exec(line))
    .map((match) => (match ? `${match[1]} ${match[2] === '' ? '/' : match[2]}` : ''))
}

async function file(name: string, content: Buffer): Promise<string> {
  await writeFile(join(folder, name), content)
  return name
}

async function makeArchive(): Promise<string> {
  await python(`
add('./', tarfile.DIRTYPE)
add('private', tarfile.DIRTYPE, mode=0o700)
add('private/tool', data=b'x' * 200000, mode=0o4755, uid=70000, gid=12, mtime=1700000000.25, pax={'SCHILY.xattr.user.colour': 'dark red'})
add('private/same', tarfile.LNKTYPE, link='private/tool')
add('way', tarfile.SYMTYPE, link='../../etc/shadow', mode=0o777)
add('null', tarfile.CHRTYPE, dev=(1, 3), mode=0o666)
add('x' * 200 + '/' + 'y' * 100, data=b'long')
`)
  return join(folder, 'made.tar')
}

async function hostile(name: string): Promise<string> {
  await python(`add(${JSON.stringify(name)}, data=b'x')`)
  return 'made.tar'
}

/** Writes `made.tar` with Python, which knows archives independently of us. */
async function python(body: string): Promise<void> {
  const script = `
import io, sys, tarfile
out = tarfile.open(sys.argv[1], 'w', format=tarfile.PAX_FORMAT)
def add(name, type=tarfile.REGTYPE, data=b'', link='', mode=0o755, uid=0, gid=0, pax={}, mtime=5, dev=(0, 0)):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname, info.mode, info.uid, info.gid, info.mtime = type, len(data), link, mode, uid, gid, mtime
    info.devmajor, info.devminor = dev
    info.pax_headers = dict(pax)
    out.addfile(info, io.BytesIO(data))
${body}
out.close()
`
  execFileSync('python3', ['-c', script, join(folder, 'made.tar')])
}

async function makeTree(name: string): Promise<string> {
  const tree = join(folder, name)
  await mkdir(join(tree, 'etc'), { recursive: true })
  await writeFile(join(tree, 'etc/secret'), 'secret', { mode: 0o640 })
  await symlink('/etc/shadow', join(tree, 'etc/link'))
  await writeFile(join(tree, 'tool'), 'tool')
  await chmod(join(tree, 'tool'), 0o755)
  if (isRoot) await chown(join(tree, 'tool'), 1234, 55)
  const listen = 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])'
  execFileSync('python3', ['-c', listen, join(tree, 'socket')])
  return tree
}

/** The processes that have `folder` in their command line. */
async function remains(name: string): Promise<string[]> {
  const { stdout } = spawnSync('pgrep', ['--full', '--list-full', name], { encoding: 'utf8' })
  return stdout.split('\n').filter((line) => line !== '' && !line.includes('pgrep'))
}
