import { describe, expect, it } from 'vitest'
import { checkEntries } from './check-entries.ts'
import { noContent, type TarEntry, type TarMember } from './entry.ts'

describe('the entries of an image', () => {
  it('get clean relative paths; the root itself is left out', async () => {
    const checked = await check([directory('./'), directory('./etc/'), file('/etc//passwd'), file('etc/./group')])
    expect(checked.map(({ path }) => path)).toEqual(['etc', 'etc/passwd', 'etc/group'])
  })

  it('get the directories that the archive left out', async () => {
    const checked = await check([file('a/b/c')])
    expect(checked).toMatchObject([
      { path: 'a', kind: 'directory', mode: 0o755, uid: 0, mtimeS: 0 },
      { path: 'a/b', kind: 'directory' },
      { path: 'a/b/c', kind: 'file' },
    ])
  })

  it('keep symbolic links as they are, wherever they lead', async () => {
    const checked = await check([link('a', '../../../etc/shadow'), link('b', '/proc/1/root')])
    expect(checked.map(({ target }) => target)).toEqual(['../../../etc/shadow', '/proc/1/root'])
  })

  it('may be hard links to what came before, also to a link', async () => {
    const checked = await check([file('a/f'), link('s', 'a/f'), hardlink('h', './a//f'), hardlink('t', '/s')])
    expect(checked.slice(-2)).toMatchObject([
      { path: 'h', target: 'a/f' },
      { path: 't', target: 's' },
    ])
  })

  it('may repeat a directory as it was', async () => {
    const checked = await check([directory('a'), directory('a'), file('a/b')])
    expect(checked.map(({ path }) => path)).toEqual(['a', 'a/b'])
  })

  it('keep the attributes that squashfs can hold', async () => {
    const xattrs = new Map([
      ['user.a', '1'],
      ['security.capability', '2'],
      ['system.posix_acl_access', '3'],
      ['user.\n', '4'],
    ])
    const [checked] = await check([{ ...file('f'), xattrs }])
    expect([...(checked?.xattrs.keys() ?? [])]).toEqual(['user.a', 'security.capability'])
  })

  it.each<[string, TarEntry[], string]>([
    ['a path upwards', [file('../etc/passwd')], '"../etc/passwd" is refused: its path holds ".."'],
    ['a path upwards inside', [file('a/../../b')], 'its path holds ".."'],
    ['a NUL in a path', [file('a\0b')], 'its path holds a NUL'],
    ['a long path', [file('a/'.repeat(2100))], 'its path is longer than 4095 bytes'],
    ['a long name', [file('a'.repeat(256))], 'a part of its path is longer than 255 bytes'],
    [
      'a way through a symbolic link',
      [link('a', '/etc'), file('a/passwd')],
      '"a/passwd" is refused: it lies behind the symbolic link "a"',
    ],
    ['a way through a link further up', [link('a', '.'), file('a/b/c')], 'it lies behind the symbolic link "a"'],
    ['a way through a file', [file('a'), file('a/b')], '"a" is no directory'],
    ['a path twice', [file('a'), file('a')], '"a" is refused: it is there twice'],
    ['a link that becomes a directory', [link('a', '/etc'), directory('a')], 'it is there twice'],
    [
      'a directory twice with other rights',
      [directory('a'), { ...directory('a'), mode: 0o777 }],
      'it is there twice, with other rights',
    ],
    ['a directory behind its content', [file('a/b'), { ...directory('a'), mode: 0o700 }], 'it comes after what lies in it'],
    ['a hard link upwards', [hardlink('a', '../../etc/shadow')], 'its path holds ".."'],
    [
      'a hard link out of the archive',
      [hardlink('a', '/etc/shadow')],
      'a hard link to "/etc/shadow", which is not in the archive',
    ],
    ['a hard link to a directory', [directory('d'), hardlink('a', 'd')], 'a hard link to the directory "d"'],
    ['a hard link to itself', [hardlink('a', 'a')], 'which is not in the archive before it'],
    ['an empty symbolic link', [link('a', '')], 'its link target is empty'],
    ['a block device', [device('sda', 'block', 8, 0)], '"sda" is refused: it is a block device'],
    ['an unusual device', [device('mem', 'character', 1, 1)], '"mem" is refused: it is the device 1:1'],
    ['an owner that no file can have', [{ ...file('a'), uid: 2 ** 32 }], 'its owner is beyond 4294967295'],
    ['more bytes than any image', [{ ...file('a'), sizeBytes: 2 ** 40 }], 'an image holds at most 256 GiB'],
    ['nothing', [], 'it holds no entry'],
  ])('are refused with %s', async (_, entries, message) => {
    await expect(check(entries)).rejects.toMatchObject({
      code: 'driver_misconfigured',
      message: expect.stringContaining(message),
    })
  })

  it('may be the devices that every image brings', async () => {
    expect(await check([device('dev/null', 'character', 1, 3), device('dev/tty', 'character', 5, 0)])).toHaveLength(3)
  })
})

async function check(entries: readonly TarEntry[]): Promise<TarEntry[]> {
  const checked: TarEntry[] = []
  for await (const { entry } of checkEntries(inTurn(entries))) checked.push(entry)
  return checked
}

async function* inTurn(entries: readonly TarEntry[]): AsyncGenerator<TarMember> {
  for (const entry of entries) yield { entry, content: noContent }
}

function entry(path: string, kind: TarEntry['kind'], more: Partial<TarEntry> = {}): TarEntry {
  return { path, kind, mode: 0o755, uid: 0, gid: 0, mtimeS: 5, sizeBytes: 0, xattrs: new Map(), ...more }
}

const file = (path: string) => entry(path, 'file')
const directory = (path: string) => entry(path, 'directory')
const link = (path: string, target: string) => entry(path, 'symlink', { target })
const hardlink = (path: string, target: string) => entry(path, 'hardlink', { target })
const device = (path: string, kind: 'block' | 'character', major: number, minor: number) =>
  entry(path, kind, { device: { major, minor } })
