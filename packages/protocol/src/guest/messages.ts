import { field, optional, repeated } from '../fields/field.ts'
import { type FieldList, fieldList } from '../fields/field-list.ts'

/** A request with the fields of both directions, as the table in docs/guest-protocol.md has them. */
export interface Method<Request extends object, Reply extends object> {
  readonly number: number
  readonly name: string
  readonly request: FieldList<Request>
  readonly reply: FieldList<Reply>
}

function method<Request extends object, Reply extends object>(
  number: number,
  name: string,
  request: FieldList<Request>,
  reply: FieldList<Reply>,
): Method<Request, Reply> {
  return { number, name, request, reply }
}

const nothing = fieldList({})
const words = 256

const receiptItem = fieldList({
  name: field.text(1, words),
  status: field.unsigned(2),
  evidence: field.text(3, 4096),
  detail: optional(field.text(4, 4096)),
})
const receipt = fieldList({ items: repeated(field.nested(1, receiptItem)) })

const stat = fieldList({
  path: field.path(1),
  kind: field.unsigned(2),
  size: field.unsigned(3),
  mode: field.unsigned(4),
  uid: field.unsigned(5),
  gid: field.unsigned(6),
  mtimeMs: field.signed(7),
  target: optional(field.path(8)),
})

const execExit = fieldList({ code: field.unsigned(1), signal: optional(field.unsigned(2)) })
const onePath = fieldList({ path: field.path(1) })

const execInfo = fieldList({
  execId: field.unsigned(1),
  pid: field.unsigned(2),
  argv: repeated(field.argument(3)),
  tag: optional(field.text(4, words)),
  running: field.flag(5),
  code: optional(field.unsigned(6)),
  signal: optional(field.unsigned(7)),
  startedAtMs: field.unsigned(8),
})

/** Every request the host can make. */
export const methods = {
  hello: method(
    1,
    'HELLO',
    fieldList({ token: optional(field.bytes(1)) }),
    fieldList({
      protocol: field.unsigned(1),
      agentVersion: field.text(2, words),
      capabilities: repeated(field.text(3, words)),
      bootId: field.text(4, words),
      kernel: field.text(5, words),
      init: field.flag(6),
      generation: field.unsigned(7),
      uptimeMs: field.unsigned(8),
    }),
  ),
  identify: method(
    2,
    'IDENTIFY',
    fieldList({
      generation: field.unsigned(1),
      entropy: field.bytes(2),
      wallClockNs: field.signedBig(3),
      machineId: field.text(4),
      sshHostKeys: repeated(
        field.nested(5, fieldList({ type: field.text(1), privateKey: field.text(2), publicKey: field.text(3) })),
      ),
      mac: optional(field.bytes(6)),
      address: optional(field.text(7)),
      gateway: optional(field.text(8)),
      dns: optional(field.text(9)),
    }),
    receipt,
  ),
  assign: method(
    3,
    'ASSIGN',
    fieldList({
      entropy: field.bytes(1),
      wallClockNs: field.signedBig(2),
      hostname: field.text(3),
      env: repeated(field.text(4)),
      secrets: repeated(field.text(5)),
      files: repeated(field.nested(6, fieldList({ path: field.path(1), mode: field.unsigned(2), content: field.bytes(3) }))),
      token: field.bytes(7),
      linkUp: field.flag(8),
      hooks: optional(
        field.nested(9, fieldList({ eachMs: field.unsigned(1), totalMs: field.unsigned(2), reason: field.text(3) })),
      ),
    }),
    receipt,
  ),
  quiesce: method(
    4,
    'QUIESCE',
    fieldList({ deadlineMs: field.unsigned(1) }),
    fieldList({ frozen: field.flag(1), synced: field.flag(2), detail: optional(field.text(3, 4096)) }),
  ),
  thaw: method(
    5,
    'THAW',
    fieldList({ env: repeated(field.text(1)), secrets: repeated(field.text(2)), token: optional(field.bytes(3)) }),
    nothing,
  ),
  exec: method(
    10,
    'EXEC',
    fieldList({
      argv: repeated(field.argument(1)),
      env: repeated(field.text(2)),
      cwd: optional(field.path(3)),
      user: optional(field.text(4)),
      cols: optional(field.unsigned(5)),
      rows: optional(field.unsigned(6)),
      stdin: field.flag(7),
      tag: optional(field.text(8)),
      onClose: field.unsigned(9),
      toConsole: optional(field.flag(10)),
    }),
    execExit,
  ),
  attach: method(
    11,
    'ATTACH',
    fieldList({
      execId: optional(field.unsigned(1)),
      tag: optional(field.text(2)),
      out1From: optional(field.unsigned(3)),
      out2From: optional(field.unsigned(4)),
      onClose: optional(field.unsigned(5)),
    }),
    execExit,
  ),
  signal: method(12, 'SIGNAL', fieldList({ execId: field.unsigned(1), signal: field.unsigned(2) }), nothing),
  resize: method(
    13,
    'RESIZE',
    fieldList({ execId: field.unsigned(1), cols: field.unsigned(2), rows: field.unsigned(3) }),
    nothing,
  ),
  execs: method(14, 'EXECS', nothing, fieldList({ execs: repeated(field.nested(1, execInfo)) })),
  stat: method(20, 'STAT', onePath, stat),
  list: method(21, 'LIST', fieldList({ path: field.path(1), depth: field.unsigned(2) }), nothing),
  read: method(22, 'READ', fieldList({ path: field.path(1), offset: field.unsigned(2) }), nothing),
  write: method(
    23,
    'WRITE',
    fieldList({
      path: field.path(1),
      mode: field.unsigned(2),
      owner: optional(field.text(3)),
      resume: optional(field.unsigned(4)),
      offset: optional(field.unsigned(5)),
    }),
    nothing,
  ),
  mkdir: method(24, 'MKDIR', fieldList({ path: field.path(1), mode: field.unsigned(2) }), nothing),
  move: method(25, 'MOVE', fieldList({ from: field.path(1), to: field.path(2) }), nothing),
  remove: method(26, 'REMOVE', fieldList({ path: field.path(1), recursive: field.flag(2) }), nothing),
  getXattr: method(27, 'GETXATTR', fieldList({ path: field.path(1), name: field.text(2) }), fieldList({ value: field.bytes(1) })),
  setXattr: method(28, 'SETXATTR', fieldList({ path: field.path(1), name: field.text(2), value: field.bytes(3) }), nothing),
  watch: method(29, 'WATCH', fieldList({ path: field.path(1), recursive: field.flag(2) }), nothing),
  dial: method(30, 'DIAL', fieldList({ port: field.unsigned(1) }), nothing),
  ports: method(31, 'PORTS', nothing, fieldList({ ports: repeated(field.unsigned(1)) })),
  metrics: method(
    32,
    'METRICS',
    nothing,
    fieldList({
      memTotalBytes: field.unsigned(1),
      memAvailableBytes: field.unsigned(2),
      cpuCount: field.unsigned(3),
      cpuBusyMs: field.unsigned(4),
      diskTotalBytes: field.unsigned(5),
      diskUsedBytes: field.unsigned(6),
      processes: field.unsigned(7),
    }),
  ),
  shutdown: method(33, 'SHUTDOWN', fieldList({ mode: field.unsigned(1) }), nothing),
} as const

/** What the guest says in the middle of a stream. */
export const events = {
  started: {
    kind: 1,
    fields: fieldList({
      execId: field.unsigned(1),
      pid: field.unsigned(2),
      stdinReceived: field.unsigned(3),
      out1Start: field.unsigned(4),
      out2Start: field.unsigned(5),
    }),
  },
  entry: { kind: 2, fields: stat },
  writing: { kind: 3, fields: fieldList({ writeId: field.unsigned(1), received: field.unsigned(2) }) },
  watching: { kind: 4, fields: nothing },
  changed: { kind: 5, fields: fieldList({ kind: field.unsigned(1), path: field.path(2) }) },
  connected: { kind: 6, fields: nothing },
} as const
