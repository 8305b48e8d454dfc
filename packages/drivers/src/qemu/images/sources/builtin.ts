import { readFile } from 'node:fs/promises'
import { driverError } from '@hearth/model'
import { type RunOptions, run } from '../../../child/run.ts'
import { type EntryKind, noContent, type TarEntry, type TarMember } from '../tar/entry.ts'

const busyboxPath = '/bin/busybox'

const directories: Readonly<Record<string, number>> = {
  bin: 0o755,
  dev: 0o755,
  etc: 0o755,
  home: 0o755,
  proc: 0o555,
  root: 0o700,
  run: 0o755,
  sbin: 0o755,
  sys: 0o555,
  tmp: 0o1777,
  usr: 0o755,
  'usr/bin': 0o755,
  'usr/sbin': 0o755,
  var: 0o755,
  'var/log': 0o755,
  'var/tmp': 0o1777,
}

const files: Readonly<Record<string, string>> = {
  'etc/group': 'root:x:0:\ntty:x:5:\nuser:x:1000:\nnogroup:x:65534:\n',
  'etc/hostname': 'hearth\n',
  'etc/hosts': '127.0.0.1\tlocalhost\n127.0.1.1\thearth\n',
  'etc/os-release': 'NAME="Hearth base"\nID=hearth-base\nPRETTY_NAME="Hearth base (busybox)"\n',
  'etc/passwd': [
    'root:x:0:0:root:/root:/bin/sh',
    'user:x:1000:1000:user:/home/user:/bin/sh',
    'nobody:x:65534:65534:nobody:/nonexistent:/bin/false',
    '',
  ].join('\n'),
  'etc/profile': "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nexport PS1='\\u@\\h:\\w\\$ '\n",
  'etc/resolv.conf': '',
  'etc/shells': '/bin/sh\n/bin/ash\n',
}

/**
 * The members of `builtin:base`: busybox under all its names, root and `user` (1000), and the mount points; nothing else.
 * `busybox` is the content of a static busybox, `applets` its paths as `busybox --list-full` prints them.
 */
export async function* builtinBase(busybox: Uint8Array, applets: readonly string[]): AsyncGenerator<TarMember> {
  for (const [path, mode] of Object.entries(directories)) yield { entry: entry(path, 'directory', mode), content: noContent }
  yield { entry: { ...entry('home/user', 'directory', 0o755), uid: 1000, gid: 1000 }, content: noContent }
  for (const [path, text] of Object.entries(files)) yield file(path, 0o644, Buffer.from(text))
  yield file('bin/busybox', 0o755, busybox)
  for (const path of applets) {
    if (path === 'bin/busybox') continue
    yield { entry: { ...entry(path, 'symlink', 0o777), target: '/bin/busybox' }, content: noContent }
  }
}

/** The host's static busybox. @throws HearthError `driver_unavailable` when it is missing or needs libraries */
export async function readBusybox(): Promise<Buffer> {
  const content = await readFile(busyboxPath).catch((error: unknown) => {
    throw noBusybox('is not there', error)
  })
  if (needsLibraries(content)) throw noBusybox('is not a static one')
  return content
}

/** The paths that busybox wants to be called by, sorted. What is not below bin, sbin or usr is left out. */
export async function busyboxApplets(options: RunOptions): Promise<readonly string[]> {
  const listed = await run([busyboxPath, '--list-full'], options)
  return listed
    .split('\n')
    .filter((path) => /^(usr\/)?s?bin\/[\w.[+-]+$/.test(path))
    .sort()
}

/** Whether an ELF64 program has an interpreter segment (PT_INTERP, 3), that is, a dynamic loader. */
function needsLibraries(program: Buffer): boolean {
  if (program.length < 64 || program.readUInt32BE(0) !== 0x7f454c46) return true
  const table = Number(program.readBigUInt64LE(0x20))
  const entryBytes = program.readUInt16LE(0x36)
  const count = program.readUInt16LE(0x38)
  if (table + count * entryBytes > program.length) return true
  return Array.from({ length: count }, (_, index) => program.readUInt32LE(table + index * entryBytes)).includes(3)
}

function noBusybox(why: string, cause?: unknown): Error {
  return driverError('Unavailable', `${busyboxPath}, of which builtin:base is made, ${why}`, {
    hint: 'Install the package busybox-static, or run "npm run setup".',
    cause,
  })
}

function file(path: string, mode: number, content: Uint8Array): TarMember {
  return { entry: { ...entry(path, 'file', mode), sizeBytes: content.length }, content: once(content) }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content
}

function entry(path: string, kind: EntryKind, mode: number): TarEntry {
  return { path, kind, mode, uid: 0, gid: 0, mtimeS: 0, sizeBytes: 0, xattrs: new Map() }
}
