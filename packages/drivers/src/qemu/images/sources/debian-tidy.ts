import type { TarEntry, TarMember } from '../tar/entry.ts'

/** What an installation leaves behind that says nothing about the system: old copies, logs, our apt options, the host's own names. */
const leftOut = [
  /^\.\/var\/cache\/debconf\/.+-old$/,
  /^\.\/var\/lib\/dpkg\/[a-z]+-old$/,
  /^\.\/var\/log\/.+\.log$/,
  /^\.\/etc\/(apt\/apt\.conf|dpkg\/dpkg\.cfg)\.d\/99mmdebstrap$/,
  /^\.\/etc\/(hostname|resolv\.conf)$/,
]

/** What a machine expects to find and a minimal Debian lacks, or has from the host. */
const added: Readonly<Record<string, string>> = {
  './etc/hostname': 'hearth\n',
  './etc/hosts': '127.0.0.1\tlocalhost\n127.0.1.1\thearth\n',
  './etc/resolv.conf': '',
}

/**
 * Leaves out what belongs to the installation and the host, and dates what was made from `startS` on to 1970: two builds of the
 * same packages then give the same bytes. Earlier times are kept, since compiled Python refers to them.
 */
export async function* tidyDebian(members: AsyncIterable<TarMember>, startS: number): AsyncGenerator<TarMember> {
  const missing = new Map(Object.entries(added))
  for await (const { entry, content } of members) {
    if (leftOut.some((pattern) => pattern.test(entry.path))) continue
    missing.delete(entry.path)
    yield { entry: { ...entry, mtimeS: entry.mtimeS >= startS ? 0 : entry.mtimeS }, content }
  }
  for (const [path, text] of missing) yield textFile(path, text)
}

function textFile(path: string, text: string): TarMember {
  const entry: TarEntry = {
    path,
    kind: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeS: 0,
    sizeBytes: text.length,
    xattrs: new Map(),
  }
  return {
    entry,
    content: (async function* () {
      yield Buffer.from(text)
    })(),
  }
}
