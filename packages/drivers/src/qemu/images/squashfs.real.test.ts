import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSquashfs } from './squashfs.ts'
import { noContent, type TarEntry, type TarMember } from './tar/entry.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-squashfs-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('the read-only base', () => {
  it('says nothing of the time it was made, wherever the inode of its root comes to lie', async () => {
    // An inode of a link is 24 bytes and its target: with 318 to 322 of them the root's crosses the end of the first 8 KiB.
    for (let count = 316; count <= 324; count += 1) {
      const path = join(folder, String(count))
      await makeSquashfs(path, links(count), {})
      const listed = execFileSync('unsquashfs', ['-lln', path], { encoding: 'utf8' }).trim().split('\n')
      expect(listed).toHaveLength(count + 1)
      expect(listed.filter((line) => !line.includes('1970-01-01'))).toEqual([])
    }
  })

  it('tells why it could not be made, not only that the pipe broke', async () => {
    await expect(makeSquashfs(join(folder, 'no/such/folder'), links(50_000), {})).rejects.toMatchObject({
      message: expect.stringMatching(/^sqfstar ended with exit code 1: .*No such file or directory/),
    })
  })

  it('passes on what is wrong with the members', async () => {
    const wrong = (async function* (): AsyncGenerator<TarMember> {
      yield* links(3)
      throw new Error('wrong member')
    })()
    await expect(makeSquashfs(join(folder, 'wrong'), wrong, {})).rejects.toThrow('wrong member')
  })

  it('is no larger than what it holds', async () => {
    await makeSquashfs(join(folder, 'small'), links(1), {})
    expect((await readFile(join(folder, 'small'))).length).toBe(4096)
  })
})

async function* links(count: number): AsyncGenerator<TarMember> {
  const entry: TarEntry = { path: '', kind: 'symlink', mode: 0o777, uid: 0, gid: 0, mtimeS: 5, sizeBytes: 0, xattrs: new Map() }
  for (let index = 0; index < count; index += 1) {
    yield { entry: { ...entry, path: `link${index}`, target: index % 2 === 0 ? 'a' : 'ab' }, content: noContent }
  }
}
