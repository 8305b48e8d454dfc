import { type FieldList, field, fieldList, optional, repeated } from '@hearth/protocol'

/** One operation of docs/launcher-protocol.md: its number, and the fields of request and reply. */
export interface Operation<Request extends object, Reply extends object> {
  readonly op: number
  readonly name: string
  readonly request: FieldList<Request>
  readonly reply: FieldList<Reply>
  /** How long an answer may take when the caller sets no signal. */
  readonly deadlineMs: number
}

const quickMs = 30_000
/** For work that grows with the size of files. */
const longMs = 1_800_000

const nothing = fieldList({})
const onlyId = fieldList({ id: field.text(1) })
const onlyBytes = fieldList({ bytes: field.unsigned(1) })

/** Kinds of descriptor in SPAWN. */
export const descriptorKinds = { read: 0, 'read-write': 1, listen: 2, memfd: 3, append: 4 } as const

const descriptor = fieldList({
  kind: field.unsigned(1),
  path: optional(field.path(2)),
  mode: optional(field.unsigned(3)),
  id: optional(field.text(4)),
})
const child = fieldList({ id: field.text(1), pid: field.unsigned(2), startTime: field.unsigned(3), argv0: field.argument(4) })
const memfd = fieldList({ id: field.text(1), sizeBytes: field.unsigned(2), sealed: field.flag(3) })

/** Everything the launcher can be asked. */
export const operations = {
  hello: define(1, 'hello', nothing, fieldList({ version: field.text(1), pid: field.unsigned(2) })),
  spawn: define(
    2,
    'spawn',
    fieldList({
      id: field.text(1),
      argv: repeated(field.argument(2)),
      env: repeated(field.text(3)),
      cwd: field.path(4),
      stderr: field.path(5),
      descriptors: repeated(field.nested(6, descriptor)),
      uid: optional(field.unsigned(7)),
      gid: optional(field.unsigned(8)),
      netns: optional(field.flag(9)),
      nice: optional(field.signed(10)),
    }),
    fieldList({ pid: field.unsigned(1), startTime: field.unsigned(2) }),
  ),
  list: define(3, 'list', nothing, fieldList({ children: repeated(field.nested(1, child)) })),
  kill: define(4, 'kill', fieldList({ id: field.text(1), signal: field.unsigned(2) }), nothing),
  adopt: define(5, 'adopt', fieldList({ id: field.text(1), pid: field.unsigned(2), startTime: field.unsigned(3) }), nothing),
  copy: define(
    6,
    'copy',
    fieldList({
      from: field.path(1),
      to: field.path(2),
      mode: field.unsigned(3),
      uid: optional(field.unsigned(4)),
      gid: optional(field.unsigned(5)),
    }),
    onlyBytes,
    longMs,
  ),
  capture: define(
    7,
    'capture',
    fieldList({
      id: field.text(1),
      match: field.path(2),
      to: field.path(3),
      blockBytes: field.unsigned(4),
      warm: optional(field.flag(5)),
    }),
    fieldList({ pages: field.unsigned(1), runs: field.unsigned(2), blocks: field.bytes(3), bytes: field.unsigned(4) }),
    longMs,
  ),
  memfd: define(
    8,
    'memfd',
    fieldList({ id: field.text(1), sizeBytes: field.unsigned(2), from: optional(field.path(3)), seal: optional(field.flag(4)) }),
    fieldList({ bytes: field.unsigned(1), tookUs: field.unsigned(2) }),
    longMs,
  ),
  memfdSave: define(
    9,
    'memfdSave',
    fieldList({ id: field.text(1), to: field.path(2), mode: field.unsigned(3), durable: optional(field.flag(4)) }),
    onlyBytes,
    longMs,
  ),
  memfdDrop: define(10, 'memfdDrop', onlyId, nothing),
  memfds: define(11, 'memfds', nothing, fieldList({ memfds: repeated(field.nested(1, memfd)) })),
  trimLog: define(
    12,
    'trimLog',
    fieldList({ path: field.path(1), maxBytes: field.unsigned(2), keepBytes: field.unsigned(3) }),
    fieldList({ trimmed: field.flag(1) }),
  ),
  shutdown: define(13, 'shutdown', nothing, nothing),
  fsync: define(14, 'fsync', fieldList({ paths: repeated(field.path(1)) }), nothing, longMs),
  hash: define(
    15,
    'hash',
    fieldList({ path: field.path(1) }),
    fieldList({ sha256: field.bytes(1, 32), sizeBytes: field.unsigned(2) }),
    longMs,
  ),
  compare: define(
    16,
    'compare',
    fieldList({ id: field.text(1), match: field.path(2), with: field.path(3) }),
    fieldList({ firstDifference: optional(field.unsigned(1)) }),
    longMs,
  ),
  heard: define(17, 'heard', fieldList({ id: field.text(1), pid: field.unsigned(2) }), nothing),
  cancel: define(18, 'cancel', fieldList({ request: field.unsigned(1) }), nothing),
} as const

/** What an error reply (0x81) says. */
export const errorReply = fieldList({ errno: field.unsigned(1), text: field.text(2) })

/** What an exit event (0x90) says. */
export const exitEvent = fieldList({
  id: field.text(1),
  pid: field.unsigned(2),
  code: optional(field.unsigned(3)),
  signal: optional(field.unsigned(4)),
})

function define<Request extends object, Reply extends object>(
  op: number,
  name: string,
  request: FieldList<Request>,
  reply: FieldList<Reply>,
  deadlineMs = quickMs,
): Operation<Request, Reply> {
  return { op, name, request, reply, deadlineMs }
}
