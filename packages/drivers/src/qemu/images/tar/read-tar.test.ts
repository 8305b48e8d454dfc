import { HearthError } from '@hearth/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EntryKind, noContent, type TarEntry, type TarMember } from './entry.ts'
import { parsePaxRecords } from './pax-records.ts'
import { readTar } from './read-tar.ts'
import { writeTar } from './write-tar.ts'

interface Whole {
  readonly entry: TarEntry
  readonly content: string
}

const plain = { mode: 0o644, uid: 0, gid: 0, mtimeS: 0, sizeBytes: 0, xattrs: new Map<string, string>() }

describe('an archive', () => {
  it('written by us is read back the same, whatever the names, numbers and attributes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(member, { maxLength: 6 }), fc.integer({ min: 1, max: 2000 }), async (members, chunkBytes) => {
        const archive = await write(members)
        expect(await read(archive, chunkBytes)).toEqual(members)
        expect(await write(members)).toEqual(archive)
      }),
      { numRuns: 200 },
    )
  })

  it('is refused with the place where it is cut off, wherever that is', async () => {
    const whole = await write([
      { entry: { ...plain, path: 'a'.repeat(150), kind: 'file', sizeBytes: 700 }, content: 'x'.repeat(700) },
      { entry: { ...plain, path: 'b', kind: 'directory' }, content: '' },
    ])
    // The second of the two zero blocks at the end may be missing.
    for (let length = 0; length <= whole.length - 1024; length += 128) {
      await expect(read(whole.subarray(0, length), 300)).rejects.toMatchObject({
        code: 'driver_misconfigured',
        message: expect.stringContaining('the archive is cut off at'),
      })
    }
  })

  it('with mutated bytes is read or refused, and nothing else happens', async () => {
    const bytes = await write([
      {
        entry: { ...plain, path: 'é'.repeat(120), kind: 'file', sizeBytes: 5, xattrs: new Map([['user.a', 'b']]) },
        content: 'hello',
      },
      { entry: { ...plain, path: 'l', kind: 'symlink', target: 't'.repeat(200) }, content: '' },
      { entry: { ...plain, path: 'd', kind: 'character', device: { major: 1, minor: 3 } }, content: '' },
    ])
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), fc.boolean(), async (changes, repair) => {
        const mutated = Buffer.from(bytes)
        for (const [at, value] of changes) mutated[at] = value
        // Half of the time with right check sums, so that what lies behind that gate is met too.
        if (repair) repairCheckSums(mutated)
        try {
          await read(mutated, 512)
        } catch (error) {
          expect(error).toBeInstanceOf(HearthError)
          expect(error).toMatchObject({ code: 'driver_misconfigured' })
        }
      }),
      { numRuns: 1500 },
    )
  })

  it('of random bytes is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 3000 }), async (bytes) => {
        await expect(read(Buffer.concat([Buffer.from([1]), bytes]), 1000)).rejects.toMatchObject({ code: 'driver_misconfigured' })
      }),
    )
  })

  it('may use the long names and large numbers of GNU tar', async () => {
    const longName = 'n'.repeat(180)
    const longTarget = 't'.repeat(180)
    const archive = Buffer.concat([
      gnuLong('L', longName),
      gnuLong('K', longTarget),
      await header({ ...plain, path: 'cut', kind: 'symlink', target: 'cut' }, (block) => {
        // Base 256: the first bit set, then big-endian.
        block.fill(0, 108, 116).writeUInt8(0x80, 108)
        block.writeUInt32BE(3_000_000_000, 112)
      }),
      Buffer.alloc(1024),
    ])
    const [first] = await read(archive, 512)
    expect(first?.entry).toMatchObject({ path: longName, target: longTarget, uid: 3_000_000_000 })
  })

  it('names an entry that is stored sparse, and how to avoid it', async () => {
    const archive = await header({ ...plain, path: 'disk', kind: 'file' }, (block) => block.write('S', 156))
    await expect(read(Buffer.concat([archive, Buffer.alloc(1024)]), 512)).rejects.toMatchObject({
      message: 'the archive entry "disk" is refused: it is stored as a sparse file',
      hint: 'Make the archive without "--sparse".',
    })
  })

  it('is read to its end, and a member that nobody reads is skipped', async () => {
    const archive = await write([
      { entry: { ...plain, path: 'a', kind: 'file', sizeBytes: 2000 }, content: 'x'.repeat(2000) },
      { entry: { ...plain, path: 'b', kind: 'file', sizeBytes: 1 }, content: 'y' },
    ])
    const paths: string[] = []
    for await (const { entry } of readTar(chunked(archive, 100))) paths.push(entry.path)
    expect(paths).toEqual(['a', 'b'])
  })

  it('with an extended header of absurd size is refused before it is read', async () => {
    const archive = await header({ ...plain, path: 'x', kind: 'file', sizeBytes: 2 ** 32 }, (block) => block.write('x', 156))
    await expect(read(archive, 512)).rejects.toMatchObject({
      message: expect.stringContaining('an extended header has 4294967296 bytes'),
    })
  })
})

describe('the content of a member', () => {
  it('that is cut off says so itself, so that nobody takes it for complete', async () => {
    const archive = await write([{ entry: { ...plain, path: 'a', kind: 'file', sizeBytes: 2000 }, content: 'x'.repeat(2000) }])
    for await (const { content } of readTar(chunked(archive.subarray(0, 1200), 100))) {
      await expect(collect(content)).rejects.toMatchObject({ details: { cutOff: true } })
      break
    }
  })
})

describe('pax records', () => {
  it.each(['', 'x', '0 a=b\n', '5 a=b\n', '7 a=b\n', '6 =b\n', '06 a=b\n', '99999999999 a=b\n', '4 a\n', '6 a=bc'])(
    'of %j hold nothing or are refused',
    (text) => {
      const parse = () => parsePaxRecords(Buffer.from(text), 'byte 0')
      if (text === '') expect(parse().size).toBe(0)
      else expect(parse).toThrow(expect.objectContaining({ code: 'driver_misconfigured' }))
    },
  )

  it('hold any byte in their values', () => {
    expect(parsePaxRecords(Buffer.from('9 a=\n\0=\xff\n', 'latin1'), 'byte 0').get('a')).toBe('\n\0=\xff')
  })
})

const byteText = (maxLength: number) =>
  fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)), minLength: 1, maxLength })
/** Not ending with a slash: such a name is a directory's. */
const name = byteText(300).map((text) => `${text.replaceAll('/', 'e')}e`)
const kinds: EntryKind[] = ['file', 'directory', 'symlink', 'hardlink', 'character', 'block', 'fifo']

const member: fc.Arbitrary<Whole> = fc
  .record({
    kind: fc.constantFrom(...kinds),
    path: name,
    target: name,
    content: byteText(1500),
    mode: fc.nat(0o7777),
    uid: fc.nat(4_294_967_295),
    gid: fc.nat(4_294_967_295),
    mtimeS: fc.nat(4_294_967_295),
    device: fc.record({ major: fc.nat(4095), minor: fc.nat(0o7777777) }),
    xattrs: fc.dictionary(fc.stringMatching(/^user\.[a-z]{1,9}$/), byteText(200), { maxKeys: 2 }),
  })
  .map(({ kind, path, target, content, device, xattrs, ...numbers }) => ({
    entry: {
      ...numbers,
      kind,
      path,
      sizeBytes: kind === 'file' ? content.length : 0,
      xattrs: new Map(Object.entries(xattrs)),
      ...((kind === 'symlink' || kind === 'hardlink') && { target }),
      ...((kind === 'character' || kind === 'block') && { device }),
    },
    content: kind === 'file' ? content : '',
  }))

async function write(members: readonly Whole[]): Promise<Buffer> {
  return await collect(writeTar(inTurn(members)))
}

async function* inTurn(members: readonly Whole[]): AsyncGenerator<TarMember> {
  for (const { entry, content } of members) {
    yield { entry, content: content === '' ? noContent : chunked(Buffer.from(content, 'latin1'), 400) }
  }
}

async function read(archive: Buffer, chunkBytes: number): Promise<Whole[]> {
  const members: Whole[] = []
  for await (const { entry, content } of readTar(chunked(archive, chunkBytes))) {
    const path = entry.kind === 'directory' ? entry.path.replace(/\/$/, '') : entry.path
    members.push({ entry: { ...entry, path }, content: (await collect(content)).toString('latin1') })
  }
  return members
}

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

/** One header block as we write it, changed by `change`, with a right check sum. */
async function header(entry: TarEntry, change: (block: Buffer) => unknown): Promise<Buffer> {
  const written = await collect(writeTar(inTurn([{ entry: { ...entry, sizeBytes: 0 }, content: '' }])))
  const block = Buffer.from(written.subarray(0, 512))
  block.write(`${entry.sizeBytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  change(block)
  repairCheckSums(block)
  return block
}

function gnuLong(typeFlag: 'L' | 'K', text: string): Buffer {
  const block = Buffer.alloc(512)
  block.write('././@LongLink', 0)
  block.write(`${(text.length + 1).toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  block.write(typeFlag, 156)
  block.write('ustar  \0', 257, 'latin1')
  const body = Buffer.alloc(512)
  body.write(text)
  repairCheckSums(block)
  return Buffer.concat([block, body])
}

/** Puts the right sum into each block that looks like a header. */
function repairCheckSums(archive: Buffer): void {
  for (let at = 0; at + 512 <= archive.length; at += 512) {
    const block = archive.subarray(at, at + 512)
    if (block.toString('latin1', 257, 262) !== 'ustar') continue
    block.fill(' ', 148, 156)
    const sum = block.reduce((total, byte) => total + byte, 0)
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  }
}
